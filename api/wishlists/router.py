"""Routes of wishlists: ``/wishlists``, and ``/wishlist`` for the default one, as the documents name it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.carts.errors import CartLimitExceeded, NotSoldHere, TooFewAvailable, UnknownCartShop
from api.carts.router import CurrentEdit
from api.carts.schemas import CartChange
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from api.wishlists import queries, service
from api.wishlists.errors import (
    DefaultWishlist,
    VariantRequired,
    WishlistExists,
    WishlistLimitExceeded,
)
from api.wishlists.schemas import (
    SharedWishlistRead,
    ShareToken,
    WishlistCreate,
    WishlistItemCreate,
    WishlistItemMove,
    WishlistItemUpdate,
    WishlistRead,
    WishlistSummary,
    WishlistUpdate,
)
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(tags=["wishlists"])
_ADDING = responses_for(*IDEMPOTENCY_ERRORS, NotFound, UnknownReference, WishlistLimitExceeded)


async def _wisher(caller: CurrentCaller, now: Now) -> service.Wisher:
    return service.wisher_of(caller, now)


CurrentWisher = Annotated[service.Wisher, Depends(_wisher)]


@router.get("/wishlist", responses=responses_for(NotFound))
async def read_default(wisher: CurrentWisher, database: AppDatabase) -> WishlistRead:
    """Read my default wishlist; before anything was put on it, an empty one."""
    return await _read(database, wisher, None)


@router.post("/wishlist/items", status_code=201, response_model=WishlistRead, responses=_ADDING)
async def add_to_default(
    wanted: WishlistItemCreate, keyed: Keyed, wisher: CurrentWisher, database: AppDatabase
) -> Response:
    """Put something on my default wishlist, which is made if I have none."""

    async def work(connection: AsyncConnection) -> Outcome:
        return _outcome(await service.add_item(connection, wisher, None, wanted))

    return await answer_once(database, keyed, work)


@router.delete("/wishlist/items/{item_id}", responses=responses_for(NotFound))
async def remove_from_default(item_id: UUID, wisher: CurrentWisher, database: AppDatabase) -> WishlistRead:
    """Take something off my default wishlist."""
    return await _change(database, wisher, lambda c: service.remove_item(c, wisher, None, item_id))


@router.get("/wishlists", responses=responses_for(InvalidCursor, NotFound))
async def list_wishlists(
    wisher: CurrentWisher, database: AppDatabase, cursor: PageCursor = None, limit: PageLimit = 50
) -> Page[WishlistSummary]:
    """List my wishlists by name."""
    binding = binding_of("name", customer_id=wisher.customer_id)
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(database, company_id=wisher.company_id, user_id=wisher.user_id) as connection:
        rows = await queries.list_wishlists(
            connection,
            wisher.company_id,
            wisher.customer_id,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["name"], row["id"])
    )
    return Page(items=[WishlistSummary.model_validate(row) for row in page], next_cursor=next_cursor)


@router.post(
    "/wishlists",
    status_code=201,
    response_model=WishlistRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, WishlistExists, WishlistLimitExceeded),
)
async def create_wishlist(
    wanted: WishlistCreate, keyed: Keyed, wisher: CurrentWisher, database: AppDatabase
) -> Response:
    """Make a wishlist; the first one is the default."""

    async def work(connection: AsyncConnection) -> Outcome:
        return _outcome(await service.create_wishlist(connection, wisher, wanted))

    return await answer_once(database, keyed, work)


@router.get("/wishlists/shared/{share_token}", responses=responses_for(NotFound))
async def read_shared(
    share_token: Annotated[ShareToken, Path()], caller: CurrentCaller, database: AppDatabase
) -> SharedWishlistRead:
    """Read a list that its owner made public, by its token."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        shared = await service.read_shared(connection, company_id, share_token)
    return SharedWishlistRead.model_validate(shared)


@router.get("/wishlists/{wishlist_id}", responses=responses_for(NotFound))
async def read_wishlist(wishlist_id: UUID, wisher: CurrentWisher, database: AppDatabase) -> WishlistRead:
    """Read one of my wishlists, the most wanted first."""
    return await _read(database, wisher, wishlist_id)


@router.patch("/wishlists/{wishlist_id}", responses=responses_for(NotFound, WishlistExists))
async def update_wishlist(
    wishlist_id: UUID, wanted: WishlistUpdate, wisher: CurrentWisher, database: AppDatabase
) -> WishlistRead:
    """Rename a wishlist, or make it the default."""
    return await _change(database, wisher, lambda c: service.update_wishlist(c, wisher, wishlist_id, wanted))


@router.delete(
    "/wishlists/{wishlist_id}", status_code=204, responses=responses_for(NotFound, DefaultWishlist)
)
async def delete_wishlist(wishlist_id: UUID, wisher: CurrentWisher, database: AppDatabase) -> None:
    """Delete a wishlist with what is on it; the default one can't be."""
    async with transaction(database, company_id=wisher.company_id, user_id=wisher.user_id) as connection:
        await service.delete_wishlist(connection, wisher, wishlist_id)


@router.put("/wishlists/{wishlist_id}/share", responses=responses_for(NotFound))
async def share_wishlist(wishlist_id: UUID, wisher: CurrentWisher, database: AppDatabase) -> WishlistRead:
    """Make a wishlist public for whoever has its ``share_token``."""
    return await _change(database, wisher, lambda c: service.share(c, wisher, wishlist_id))


@router.delete("/wishlists/{wishlist_id}/share", responses=responses_for(NotFound))
async def unshare_wishlist(wishlist_id: UUID, wisher: CurrentWisher, database: AppDatabase) -> WishlistRead:
    """Make a wishlist private; its token works no more, and the next one is another."""
    return await _change(database, wisher, lambda c: service.unshare(c, wisher, wishlist_id))


@router.post(
    "/wishlists/{wishlist_id}/items", status_code=201, response_model=WishlistRead, responses=_ADDING
)
async def add_item(
    wishlist_id: UUID,
    wanted: WishlistItemCreate,
    keyed: Keyed,
    wisher: CurrentWisher,
    database: AppDatabase,
) -> Response:
    """Put something on a wishlist; what is on it already stays as it is."""

    async def work(connection: AsyncConnection) -> Outcome:
        return _outcome(await service.add_item(connection, wisher, wishlist_id, wanted))

    return await answer_once(database, keyed, work)


@router.patch("/wishlists/{wishlist_id}/items/{item_id}", responses=responses_for(NotFound))
async def update_item(
    wishlist_id: UUID,
    item_id: UUID,
    wanted: WishlistItemUpdate,
    wisher: CurrentWisher,
    database: AppDatabase,
) -> WishlistRead:
    """Change the priority or the notes of something on a wishlist."""
    return await _change(
        database, wisher, lambda c: service.update_item(c, wisher, wishlist_id, item_id, wanted)
    )


@router.delete("/wishlists/{wishlist_id}/items/{item_id}", responses=responses_for(NotFound))
async def remove_item(
    wishlist_id: UUID, item_id: UUID, wisher: CurrentWisher, database: AppDatabase
) -> WishlistRead:
    """Take something off a wishlist."""
    return await _change(database, wisher, lambda c: service.remove_item(c, wisher, wishlist_id, item_id))


@router.post(
    "/wishlists/{wishlist_id}/items/{item_id}/move-to-cart",
    status_code=201,
    response_model=CartChange,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        NotFound,
        NotSoldHere,
        UnknownCartShop,
        TooFewAvailable,
        CartLimitExceeded,
        VariantRequired,
    ),
)
async def move_to_cart(
    wishlist_id: UUID,
    item_id: UUID,
    wanted: WishlistItemMove,
    keyed: Keyed,
    caller: CurrentCaller,
    wisher: CurrentWisher,
    database: AppDatabase,
    edit: CurrentEdit,
) -> Response:
    """Move something from a wishlist into my cart."""

    async def work(connection: AsyncConnection) -> Outcome:
        change = await service.move_to_cart(
            connection, wisher, wishlist_id, item_id, wanted, caller=caller, edit=edit
        )
        return Outcome(CartChange.model_validate(change), resource_id=change["id"])

    return await answer_once(database, keyed, work)


async def _read(database: Database, wisher: service.Wisher, wishlist_id: UUID | None) -> WishlistRead:
    async with transaction(database, company_id=wisher.company_id, user_id=wisher.user_id) as connection:
        return WishlistRead.model_validate(await service.read_wishlist(connection, wisher, wishlist_id))


async def _change(
    database: Database,
    wisher: service.Wisher,
    work: Callable[[AsyncConnection], Awaitable[dict[str, Any]]],
) -> WishlistRead:
    changed = await run_in_transaction(database, work, company_id=wisher.company_id, user_id=wisher.user_id)
    return WishlistRead.model_validate(changed)


def _outcome(wishlist: dict[str, Any]) -> Outcome:
    return Outcome(WishlistRead.model_validate(wishlist), resource_id=wishlist["id"])
