"""Which company, shop or category is meant: people name them, the numbers know their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.errors import UsageError
from core.metrics.queryable import Queryable
from core.published import open_platform_snapshot
from core.settings import Settings

_LISTED: Final = 20
_THINGS: Final = {
    "shop": "select shop_id as id, shop_name as name from srv_shops order by shop_name",
    "category": "select category_id as id, category_name as name from srv_categories order by category_path",
}


@dataclass(frozen=True)
class Chosen:
    """Ids with the names that people know them by."""

    ids: tuple[str, ...]
    names: tuple[str, ...]


def choose_company(settings: Settings, slug: str | None) -> str:
    """Return the id of the company of this slug; without one, of the only company.

    Raises
    ------
    UsageError
        If there is none of this slug, or several and none was named.
    """
    with open_platform_snapshot(settings) as snapshot:
        rows = snapshot.rows("select company_id, slug from platform_companies order by slug")
    ids = {row["slug"]: row["company_id"] for row in rows}
    known = f"Take one of: {_few(list(ids))}."
    if slug is None:
        if len(ids) != 1:
            raise UsageError("Name the company: --company SLUG.", hint=known)
        return str(next(iter(ids.values())))
    if slug not in ids:
        raise UsageError(f"There is no company {slug!r} in the published numbers.", hint=known)
    return str(ids[slug])


def choose(snapshot: Queryable, thing: str, wanted: Sequence[str]) -> Chosen:
    """Return what is meant by names (in any case) or ids.

    Raises
    ------
    UsageError
        If nothing has such a name.
    """
    rows = snapshot.rows(_THINGS[thing])
    found: dict[str, str] = {}
    for word in wanted:
        matching = [row for row in rows if word.lower() in (row["id"].lower(), str(row["name"]).lower())]
        if not matching:
            names = _few(list(dict.fromkeys(str(row["name"]) for row in rows)))
            raise UsageError(f"There is no {thing} {word!r}.", hint=f"Take one of: {names}.")
        found |= {row["id"]: row["name"] for row in matching}
    return Chosen(tuple(found), tuple(found.values()))


def _few(names: Sequence[str]) -> str:
    more = f" … and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
