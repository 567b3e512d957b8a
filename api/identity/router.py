"""Routes of accounts and sessions: ``/auth``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Cookie, Depends, Header, Query, Request, Response

from api.access import Caller, CurrentCaller, Gatekeeper
from api.carts.merge_schemas import CartMergeRead
from api.carts.owners import CartToken
from api.carts.router import CurrentEdit
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import ForeignOrigin, Unauthenticated, responses_for
from api.identity import page_sessions, registration, service
from api.identity.errors import (
    AccountExists,
    CompanyChoiceRequired,
    InvalidRefreshToken,
    NameTaken,
    NoPageSession,
    NotAMember,
    RefreshTokenReused,
    UnknownCompany,
    WeakPassword,
    WrongLogin,
)
from api.identity.guest_carts import merge_guest_cart
from api.identity.schemas import (
    CompanyChoice,
    LoginCreate,
    LoginRead,
    LogoutCreate,
    PageSessionRead,
    ProfileRead,
    ProfileUpdate,
    RefreshCreate,
    RegisterCreate,
    SwitchCompanyCreate,
    TokenRead,
)
from api.identity.sessions import Login, SessionMaker
from api.schemas import Slug

router = APIRouter(prefix="/auth", tags=["auth"])
PAGE_SESSION_COOKIE = "stockwise_session"


async def session_maker(request: Request, settings: AppSettings, now: Now) -> SessionMaker:
    """Gather what opening a session needs from the request."""
    gatekeeper = cast(Gatekeeper, request.app.state.gatekeeper)
    return SessionMaker(
        tokens=gatekeeper.tokens,
        refresh_lifetime=timedelta(days=settings.refresh_token_days),
        now=now,
        ip_address=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
    )


Sessions = Annotated[SessionMaker, Depends(session_maker)]


@router.post(
    "/register",
    status_code=201,
    responses=responses_for(AccountExists, NameTaken, WeakPassword, UnknownCompany),
)
async def register(
    wanted: RegisterCreate,
    caller: CurrentCaller,
    database: AppDatabase,
    sessions: Sessions,
    edit: CurrentEdit,
    cart_token: CartToken = None,
) -> LoginRead:
    """Make an account and become a customer of the storefront's company, or of the one that is named.

    A guest's cart, named by ``X-Cart-Token``, becomes the customer's.
    """
    login = await registration.register(database, wanted, company_id=caller.company_id, sessions=sessions)
    return _read_login(login, await merge_guest_cart(database, login, cart_token, edit=edit))


@router.post("/login", responses=responses_for(WrongLogin, NotAMember, CompanyChoiceRequired))
async def log_in(
    wanted: LoginCreate,
    database: AppDatabase,
    sessions: Sessions,
    edit: CurrentEdit,
    cart_token: CartToken = None,
) -> LoginRead:
    """Log in to one company. A guest's cart, named by ``X-Cart-Token``, becomes part of the customer's."""
    login = await service.log_in(
        database,
        email=wanted.email,
        password=wanted.password.get_secret_value(),
        company_slug=wanted.company,
        sessions=sessions,
    )
    return _read_login(login, await merge_guest_cart(database, login, cart_token, edit=edit))


@router.post("/refresh-token", responses=responses_for(InvalidRefreshToken, RefreshTokenReused))
async def refresh(wanted: RefreshCreate, database: AppDatabase, sessions: Sessions) -> LoginRead:
    """Use a refresh token, once: a new pair of tokens with the roles of now."""
    login = await service.refresh(database, wanted.refresh_token.get_secret_value(), sessions=sessions)
    return _read_login(login)


@router.post("/logout", status_code=204)
async def log_out(
    caller: CurrentCaller, database: AppDatabase, sessions: Sessions, wanted: LogoutCreate | None = None
) -> None:
    """End this login. Its access token still works until it expires, its refresh tokens do not."""
    token = wanted.refresh_token if wanted else None
    await service.log_out(
        database,
        user_id=_user_id(caller),
        company_id=caller.company_id,
        session_id=caller.session_id,
        token=token.get_secret_value() if token else None,
        sessions=sessions,
    )


@router.get("/profile")
async def read_profile(caller: CurrentCaller, database: AppDatabase) -> ProfileRead:
    """Read my account."""
    profile = await service.read_profile(database, user_id=_user_id(caller))
    return ProfileRead.model_validate(profile)


@router.put("/profile", responses=responses_for(NameTaken))
async def update_profile(wanted: ProfileUpdate, caller: CurrentCaller, database: AppDatabase) -> ProfileRead:
    """Replace my account's data."""
    profile = await service.update_profile(
        database, wanted, user_id=_user_id(caller), company_id=caller.company_id
    )
    return ProfileRead.model_validate(profile)


@router.get("/verify")
async def verify(caller: CurrentCaller) -> TokenRead:
    """Say what my access token says; a token that is not valid is answered 401."""
    return TokenRead(
        is_valid=True,
        user_id=_user_id(caller),
        email=caller.email,
        company_id=caller.company_id,
        roles=sorted(caller.roles),
        shop_ids=None if caller.shop_ids is None else sorted(caller.shop_ids),
        customer_id=caller.customer_id,
    )


@router.post("/switch-company", responses=responses_for(NotAMember))
async def switch_company(
    wanted: SwitchCompanyCreate, caller: CurrentCaller, database: AppDatabase, sessions: Sessions
) -> LoginRead:
    """Get tokens for another of my companies (super admins: for any)."""
    login = await service.switch_company(
        database, user_id=_user_id(caller), company_slug=wanted.company, sessions=sessions
    )
    return _read_login(login)


@router.get("/session", responses=responses_for(NoPageSession, NotAMember, ForeignOrigin))
async def read_page_session(
    request: Request,
    response: Response,
    database: AppDatabase,
    sessions: Sessions,
    company: Annotated[Slug | None, Query(description="Slug of the company to work in")] = None,
    stockwise_session: Annotated[str | None, Cookie(max_length=200)] = None,
    x_stockwise_session: Annotated[str | None, Header(max_length=200)] = None,
) -> PageSessionRead:
    """Exchange a page session, made by the page ``/login``, for an access token.

    For our own servers: the dashboards read their visitor's cookie and send it here. A script on another
    site can't: what a browser sends on a page's behalf (it says so in ``Origin`` or ``Sec-Fetch-Site``) is
    refused, and the answer is never readable across origins.
    """
    page_sessions.refuse_foreign_page(request.headers)
    token = x_stockwise_session or stockwise_session
    if not token:
        raise NoPageSession
    session = await page_sessions.read(database, token, company_slug=company, sessions=sessions)
    response.headers["Vary"] = "Cookie, X-Stockwise-Session"
    return session


def _user_id(caller: Caller) -> UUID:
    if caller.user_id is None:
        raise Unauthenticated
    return caller.user_id


def _read_login(login: Login, merged_cart: dict[str, Any] | None = None) -> LoginRead:
    return LoginRead(
        access_token=login.access_token,
        refresh_token=login.refresh_token,
        token_type="Bearer",
        expires_in=login.expires_in,
        company=CompanyChoice.model_validate(login.company) if login.company else None,
        roles=login.roles,
        merged_cart=None if merged_cart is None else CartMergeRead.model_validate(merged_cart),
    )
