"""Who looks at the pages: the person behind the login page's cookie, asked of the API.

A script can't set cookies, so the API's login page sets one on this host. It is exchanged for an access
token, which is kept for the browser tab and renewed before it expires; it survives a refresh of the page
because the cookie does. What the person may see is what the API says, never what the page believes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import streamlit as st

from core.metrics.errors import MeasureError
from core.published import NothingPublished, OutdatedBuild
from dashboards import context
from dashboards.data.api import Api, ApiRefusal, ApiUnreachable
from dashboards.ui.notices import (
    show_link,
    show_nothing_published,
    show_outdated,
    show_refusal,
    show_unreachable,
)
from dashboards.ui.page_filters import forget_filters

_STATE = "stockwise_person"
_CHOICE = "company"
_LONGEST_COOKIE = 200
_RENEW_BEFORE_SECONDS = 60
_LISTED_COMPANIES = 100
SUPER_ADMIN = "super_admin"
PAGE_ROLES = frozenset({SUPER_ADMIN, "company_admin", "shop_manager", "shop_staff", "buyer"})


@dataclass(frozen=True)
class Person:
    """The person at the page, in the company they chose."""

    access_token: str
    expires_at: float
    name: str
    email: str
    company_id: str
    company_name: str
    roles: frozenset[str]
    shop_ids: tuple[str, ...] | None
    companies: tuple[tuple[str, str], ...]
    chosen_slug: str

    @property
    def api(self) -> Api:
        """The API under this person's token."""
        return Api(context.settings().api_url, self.access_token)

    @property
    def runs_the_platform(self) -> bool:
        """Whether all companies are theirs to look at."""
        return SUPER_ADMIN in self.roles

    @property
    def may_restock(self) -> bool:
        """Whether the API would let them approve; it is asked again when they do."""
        return bool(self.roles & {"company_admin", "buyer"})

    @property
    def may_see_plans(self) -> bool:
        """Whether the worklist is theirs to see."""
        return bool(self.roles & (PAGE_ROLES - {"shop_staff"}))

    @property
    def may_see_sales(self) -> bool:
        """Whether the sales figures are theirs to see."""
        return bool(self.roles & (PAGE_ROLES - {"buyer"}))


def require_person() -> Person:
    """Return who is logged in, or show how to log in and end the page's run."""
    cookie = context.visitor_cookie()
    if not cookie or len(cookie) > _LONGEST_COOKIE:
        _show_login("Log in to see your shops' numbers.")
    wanted = st.query_params.get(_CHOICE)
    person: Person | None = st.session_state.get(_STATE)
    if person is not None and not _is_stale(person, wanted):
        return person
    with explained_failures():
        person = _ask(Api(context.settings().api_url), cookie, wanted)
        st.session_state[_STATE] = person
    assert person is not None
    return person


@contextmanager
def explained_failures() -> Iterator[None]:
    """Say in a sentence why a page can't be shown, with the next step, and end its run."""
    try:
        yield
    except ApiUnreachable:
        show_unreachable()
    except OutdatedBuild as outdated:
        show_outdated(outdated.message)
    except NothingPublished:
        show_nothing_published()
    except MeasureError as refusal:
        show_refusal(refusal.message)
    except ApiRefusal as refusal:
        if refusal.status == 401:
            _show_login("Your session has ended. Log in again.")
        elif refusal.code == "nothing_published":
            show_nothing_published()
        else:
            show_refusal(refusal.detail)
    else:
        return
    st.stop()


def choose_company(person: Person) -> None:
    """Let a person of several companies switch; the choice is in the address, on every page."""
    if len(person.companies) < 2:
        return
    if st.query_params.get(_CHOICE) != person.chosen_slug:
        st.query_params[_CHOICE] = person.chosen_slug
    slugs = [slug for slug, _ in person.companies]
    names = dict(person.companies)
    # Not bound to the address by Streamlit, which would write the name there: names need not be unique.
    st.selectbox(
        "Company",
        slugs,
        index=slugs.index(person.chosen_slug),
        format_func=lambda slug: names[slug],
        key=_CHOICE,
        on_change=_switch_company,
    )


def _switch_company() -> None:
    st.query_params[_CHOICE] = st.session_state[_CHOICE]
    forget_filters()


def _is_stale(person: Person, wanted: str | None) -> bool:
    known = dict(person.companies)
    switched = wanted in known and wanted != person.chosen_slug
    return switched or person.expires_at - time.time() < _RENEW_BEFORE_SECONDS


def _ask(api: Api, cookie: str, wanted: str | None) -> Person:
    """Exchange the cookie for a token in the wanted company, or in the first whose numbers may be seen."""
    session = api.page_session(cookie)
    companies = _companies(api, session)
    if not companies:
        raise ApiRefusal(403, "no_company", "Your account belongs to no company whose numbers it may see.")
    current = session["company"]["slug"] if session["company"] else None
    slug = next(slug for slug in (wanted, current, *companies) if slug in companies)
    if slug != current:
        session = api.page_session(cookie, company=slug)
    return _person(api, session, companies, slug)


def _companies(api: Api, session: dict[str, Any]) -> dict[str, str]:
    """Return names by slug: the person's own companies, or all for who runs the platform."""
    own = {
        choice["slug"]: choice["name"] for choice in session["companies"] if PAGE_ROLES & set(choice["roles"])
    }
    if SUPER_ADMIN not in session["roles"]:
        return own
    listed = Api(api.base_url, session["access_token"]).get("/api/v1/companies", limit=_LISTED_COMPANIES)
    return own | {company["slug"]: company["name"] for company in listed["items"]}


def _person(api: Api, session: dict[str, Any], companies: dict[str, str], slug: str) -> Person:
    verified = Api(api.base_url, session["access_token"]).get("/api/v1/auth/verify")
    profile = session["profile"]
    shop_ids = verified["shop_ids"]
    is_company_wide = {"company_admin", SUPER_ADMIN} & set(verified["roles"])
    return Person(
        access_token=session["access_token"],
        expires_at=time.time() + session["expires_in"],
        name=f"{profile['first_name']} {profile['last_name']}".strip() or profile["email"],
        email=profile["email"],
        company_id=verified["company_id"],
        company_name=companies[slug],
        roles=frozenset(verified["roles"]),
        shop_ids=None if is_company_wide or shop_ids is None else tuple(sorted(shop_ids)),
        companies=tuple(companies.items()),
        chosen_slug=slug,
    )


def _show_login(sentence: str) -> NoReturn:
    st.session_state.pop(_STATE, None)
    st.title("Stockwise")
    st.write(sentence)
    show_link("Log in", f"{context.settings().api_url}/login", is_primary=True)
    st.stop()
