"""The product page, kept (`api.kept`), and never shown without a look whether it still holds.

Each request reads the product's stamp (`api.catalog.page_stamps`): a page is shown again only under the stamp
with which it was made. So a page is as fresh as one that was just read, in every process, whoever changed it,
also past the events; what is saved is reading, joining and writing it. Pages go after the documents' hour, or
when there are too many.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, cast
from uuid import UUID
from weakref import WeakValueDictionary

from fastapi import Depends
from starlette.requests import Request

from api.catalog import service
from api.catalog.page_stamps import Asked, StampReader, read_stamp
from api.catalog.viewers import Viewer
from api.conditional import Representation, represent
from api.errors import NotFound
from api.kept import KeptBodies
from core.postgres.pools import Database
from core.postgres.transaction import transaction

PAGE_SECONDS = 3600


class ProductPages:
    """The product pages that are kept."""

    def __init__(self, database: Database, kept: KeptBodies) -> None:
        self._database = database
        self._kept = kept
        self._stamps = StampReader(database)
        self._turns: WeakValueDictionary[Asked, asyncio.Lock] = WeakValueDictionary()

    async def read(
        self, viewer: Viewer, *, product_id: UUID | None = None, slug: str | None = None
    ) -> Representation:
        """Return a product's page as it holds for the viewer after this call.

        Raises
        ------
        NotFound
            If the viewer sees no such product.
        """
        asked = Asked(viewer, str(product_id) if slug is None else slug, is_slug=slug is not None)
        stamp = await self._stamps.read(asked)
        if stamp is None:
            raise NotFound
        page = await self._kept.get(_name(asked), stamp=stamp)
        if page is None:
            # One makes it, the others wait and take it if it is the one that they may show.
            async with self._turns.setdefault(asked, asyncio.Lock()):
                page = await self._kept.get(_name(asked), stamp=stamp) or await self._make(asked)
        return page

    async def _make(self, asked: Asked) -> Representation:
        company_id = asked.viewer.company_id
        async with transaction(self._database, company_id=company_id) as connection:
            # The stamp first: a change in between makes the page newer than its stamp, never older. Both
            # look at planned prices with the one clock of the transaction.
            stamp = await read_stamp(connection, asked)
            product = await service.read_page(
                connection,
                asked.viewer,
                product_id=None if asked.is_slug else UUID(asked.name),
                slug=asked.name if asked.is_slug else None,
            )
        if stamp is None:
            raise NotFound
        page = represent(product, service.VOLATILE)
        await self._kept.keep(_name(asked), page, stamp=stamp, seconds=PAGE_SECONDS)
        return page


async def _pages(request: Request) -> ProductPages:
    return cast(ProductPages, request.app.state.product_pages)


AppProductPages = Annotated[ProductPages, Depends(_pages)]


def _name(asked: Asked) -> str:
    return f"product {asked!r}"
