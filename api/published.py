"""How routes read the published snapshot: in a thread, with the build's age, and 304 when it is known."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from hashlib import sha256
from typing import Annotated, TypeVar
from uuid import UUID

import anyio.to_thread
from fastapi import Header, Response

from api.errors import NothingPublishedYet
from api.schemas import OutputModel
from core.published import BuildInfo, NothingPublished, Snapshot, open_snapshot
from core.settings import Settings

Result = TypeVar("Result")
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=200)]


class BuildRead(OutputModel):
    """Which build the numbers come from: every order committed before ``horizon_at`` is in them."""

    build_id: str
    built_at: datetime
    horizon_at: datetime
    age_seconds: int


def describe_build(build: BuildInfo, now: datetime) -> BuildRead:
    """Return the build with the age of its data, from the horizon, not from when it was made."""
    age = max(int((now - build.horizon_at).total_seconds()), 0)
    return BuildRead(
        build_id=build.build_id, built_at=build.built_at, horizon_at=build.horizon_at, age_seconds=age
    )


async def read_snapshot(settings: Settings, company_id: UUID, work: Callable[[Snapshot], Result]) -> Result:
    """Run ``work`` on the company's current snapshot, outside the event loop.

    Raises
    ------
    NothingPublishedYet
        If the company is in no build yet.
    """

    def in_thread() -> Result:
        with open_snapshot(settings, company_id) as snapshot:
            return work(snapshot)

    try:
        return await anyio.to_thread.run_sync(in_thread)
    except NothingPublished:
        raise NothingPublishedYet from None


def version_for(build_id: str, *, company_id: UUID, shop_ids: Collection[UUID] | None) -> str:
    """Name what a build says to readers of a company, or of some of its shops; others have another name.

    A browser keeps an answer by its address: the next person at it asks with the version of the one before,
    and must not be told that it is theirs.
    """
    reach = "all" if shop_ids is None else " ".join(sorted(map(str, shop_ids)))
    return f"{build_id}.{sha256(f'{company_id} {reach}'.encode()).hexdigest()[:16]}"


def mark_version(response: Response, version: str) -> None:
    """Let clients ask again cheaply: the numbers change only with the build."""
    response.headers["ETag"] = f'"{version}"'
    response.headers["Cache-Control"] = "private, no-cache"
