"""How many placements a process carries out at once: the others wait their turn, and not for ever.

Orders for one hot variant follow one another at its row's lock. When more of them wait there than the server
needs to stay busy, each commit wakes a crowd and all get slower; waiting here costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from api.errors import ServiceUnavailable
from core.settings import Settings


class TooManyOrders(ServiceUnavailable):
    code = "too_many_orders"
    title = "Too many orders at once"
    detail = "Too many orders are being placed right now. Nothing was changed; ask again with the same key."


class Admission:
    """A bounded number of places, given in the order of arrival; who waits too long is sent away."""

    def __init__(self, *, most_at_once: int, longest_wait_seconds: float) -> None:
        self._places = asyncio.Semaphore(most_at_once)
        self._longest_wait_seconds = longest_wait_seconds

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Wait for a place and hold it.

        Raises
        ------
        TooManyOrders
            If none is free within the longest wait.
        """
        try:
            async with asyncio.timeout(self._longest_wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise TooManyOrders from None
        try:
            yield
        finally:
            self._places.release()


def admission_of(settings: Settings) -> Admission:
    """Make the admission of a process."""
    return Admission(
        most_at_once=settings.placements_at_once, longest_wait_seconds=settings.placement_wait_seconds
    )


async def _admission(request: Request) -> Admission:
    return cast(Admission, request.app.state.admission)


AppAdmission = Annotated[Admission, Depends(_admission)]
