"""A table or a company to be read anew inside an ordinary pull, whatever the lake has of it."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from core.lake import LakeTable
from pipelines.feed.errors import FeedError
from pipelines.feed.snapshot import SourceSnapshot

_LISTED = 5


@dataclass(frozen=True)
class Reread:
    """What somebody asked to be read anew; one of the two."""

    table: str | None = None
    company: str | None = None


@dataclass(frozen=True)
class Anew:
    """The same, found in the source: a table's name or a company's id."""

    table: str | None = None
    company_id: str | None = None


def find_anew(wanted: Reread, snapshot: SourceSnapshot, tables: Sequence[LakeTable]) -> Anew:
    """Find a table by its name and a company by its slug.

    Raises
    ------
    FeedError
        If there is none, with those that are spelt alike.
    """
    if wanted.company is not None:
        companies = snapshot.company_ids()
        _require_known("company", wanted.company, list(companies))
        return Anew(company_id=companies[wanted.company])
    if wanted.table is not None:
        _require_known("fed table", wanted.table, [table.name for table in tables])
    return Anew(table=wanted.table)


def _require_known(kind: str, wanted: str, known: Sequence[str]) -> None:
    if wanted in known:
        return
    alike = difflib.get_close_matches(wanted, known, n=3)
    some = ", ".join(sorted(known)[:_LISTED]) or "none"
    raise FeedError(
        f"There is no {kind} {wanted!r}.",
        hint=f"Did you mean {' or '.join(alike)}?" if alike else f"Some that there are: {some}.",
    )
