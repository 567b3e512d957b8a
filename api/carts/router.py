"""Routes of the cart: ``/cart``. A customer has one, a guest has one by the token in ``X-Cart-Token``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller, CurrentCaller
from api.carts import merging, saved_queries, saving, service
from api.carts.editing import Edit, policy_of
from api.carts.errors import (
    CartLimitExceeded,
    CouponNotAccepted,
    NotSoldHere,
    TooFewAvailable,
    UnknownCartShop,
)
from api.carts.merge_schemas import CartMergeRead
from api.carts.owners import (
    CART_TOKEN_HEADER,
    CurrentShopper,
    NewShopper,
    Shopper,
    StartingShopper,
    session_sha256,
)
from api.carts.schemas import (
    CartChange,
    CartItemsCreate,
    CartItemsUpdate,
    CartItemUpdate,
    CartMergeCreate,
    CartRead,
    CartUpdate,
    CouponApply,
    CouponCode,
    SavedItemMove,
    SavedItemRead,
)
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/cart", tags=["carts"])
_FITTING = (NotSoldHere, TooFewAvailable, CartLimitExceeded)
Work = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


async def _edit(settings: AppSettings, now: Now, caller: CurrentCaller) -> Edit:
    return Edit(policy_of(settings), now, caller.user_id)


CurrentEdit = Annotated[Edit, Depends(_edit)]


@router.get("")
async def read_cart(shopper: CurrentShopper, database: AppDatabase, now: Now) -> CartRead:
    """Read my cart: lines at the prices of now with their problems, coupons, estimated tax, shipping, total.

    A line's ``previous_unit_price_amount`` is what I last accepted, until I accept the new one. Without a
    cart an empty one is shown; nothing is made.
    """
    async with transaction(
        database, company_id=shopper.company_id, user_id=shopper.caller.user_id
    ) as connection:
        cart = await service.read_cart(connection, shopper.company_id, shopper.owner, now=now)
    return CartRead.model_validate(cart)


@router.post("", status_code=201, response_model=CartRead, responses=responses_for(*IDEMPOTENCY_ERRORS))
async def start_cart(shopper: NewShopper, database: AppDatabase, edit: CurrentEdit) -> Response:
    """Get my cart, made if I have none. A guest's token is in the header ``X-Cart-Token`` of the answer."""

    async def work(connection: AsyncConnection) -> Outcome:
        cart = await service.start_cart(connection, _company(shopper), shopper.owner, edit=edit)
        return Outcome(CartRead.model_validate(cart), resource_id=cart["id"])

    return await _answer_once(database, shopper, work)


@router.patch("", responses=responses_for(NotFound))
async def update_cart(
    wanted: CartUpdate, shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit
) -> CartChange:
    """Say where my cart would go, how, and where to write to; it is for estimates and reminders."""
    owner = shopper.require_owner()
    return await _change(
        database, shopper, lambda c: service.update_cart(c, shopper.company_id, owner, wanted, edit=edit)
    )


@router.post(
    "/items",
    status_code=201,
    response_model=CartChange,
    responses=responses_for(*IDEMPOTENCY_ERRORS, *_FITTING, UnknownCartShop),
)
async def add_items(
    wanted: CartItemsCreate, shopper: NewShopper, database: AppDatabase, edit: CurrentEdit
) -> Response:
    """Add things to my cart, all of them or none; what is in it already is added to.

    A guest's token is in the header ``X-Cart-Token`` of the answer.
    """

    async def work(connection: AsyncConnection) -> Outcome:
        change = await service.add_items(
            connection, _company(shopper), shopper.owner, wanted.items, caller=shopper.caller, edit=edit
        )
        return Outcome(CartChange.model_validate(change), resource_id=change["id"])

    return await _answer_once(database, shopper, work)


@router.put("/items", responses=responses_for(NotFound, UnknownReference, *_FITTING))
async def set_quantities(
    wanted: CartItemsUpdate, shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit
) -> CartChange:
    """Change the quantities of several lines, all of them or none; 0 takes a line out."""
    owner = shopper.require_owner()
    return await _change(
        database, shopper, lambda c: service.set_quantities(c, shopper.company_id, owner, wanted, edit=edit)
    )


@router.delete("/items", responses=responses_for(NotFound))
async def clear_cart(shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit) -> CartChange:
    """Empty my cart."""
    owner = shopper.require_owner()
    return await _change(
        database, shopper, lambda c: service.remove_lines(c, shopper.company_id, owner, edit=edit)
    )


@router.put("/items/{item_id}", responses=responses_for(NotFound, *_FITTING))
async def set_quantity(
    item_id: UUID, wanted: CartItemUpdate, shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit
) -> CartChange:
    """Change a line's quantity and accept its price of now; 0 takes it out."""
    owner, units = shopper.require_owner(), wanted.quantity_units
    return await _change(
        database,
        shopper,
        lambda c: service.set_quantity(c, shopper.company_id, owner, item_id, units, edit=edit),
    )


@router.delete("/items/{item_id}", responses=responses_for(NotFound))
async def remove_item(
    item_id: UUID, shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit
) -> CartChange:
    """Take a line out of my cart."""
    owner = shopper.require_owner()
    return await _change(
        database,
        shopper,
        lambda c: service.remove_lines(c, shopper.company_id, owner, line_id=item_id, edit=edit),
    )


@router.put("/prices", responses=responses_for(NotFound))
async def accept_prices(shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit) -> CartChange:
    """Accept the prices of now: the answer has the lines whose price had changed."""
    owner = shopper.require_owner()
    return await _change(
        database, shopper, lambda c: service.accept_prices(c, shopper.company_id, owner, edit=edit)
    )


@router.post(
    "/coupons",
    status_code=201,
    response_model=CartChange,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, CouponNotAccepted, CartLimitExceeded),
)
async def apply_coupon(
    wanted: CouponApply, shopper: NewShopper, database: AppDatabase, edit: CurrentEdit
) -> Response:
    """Apply a coupon code, beside others where they allow it."""

    async def work(connection: AsyncConnection) -> Outcome:
        change = await service.apply_coupon(
            connection, _company(shopper), shopper.owner, wanted.code, edit=edit
        )
        return Outcome(CartChange.model_validate(change), resource_id=change["id"])

    return await answer_once(database, shopper.keyed, work)


@router.delete("/coupons/{code}", responses=responses_for(NotFound))
async def remove_coupon(
    code: Annotated[CouponCode, Path()], shopper: CurrentShopper, database: AppDatabase, edit: CurrentEdit
) -> CartChange:
    """Take a coupon code off my cart."""
    owner = shopper.require_owner()
    return await _change(
        database, shopper, lambda c: service.remove_coupon(c, shopper.company_id, owner, code, edit=edit)
    )


@router.post(
    "/merge",
    status_code=201,
    response_model=CartMergeRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound),
)
async def merge_cart(
    wanted: CartMergeCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase, edit: CurrentEdit
) -> Response:
    """Make a guest's cart part of mine, as a login with the header ``X-Cart-Token`` does."""

    async def work(connection: AsyncConnection) -> Outcome:
        if caller.customer_id is None:
            raise NotFound("You are not a customer of this company.")
        merged = await merging.merge_carts(
            connection,
            caller.require_company(),
            customer_id=caller.customer_id,
            session_sha256=session_sha256(wanted.cart_token.get_secret_value()),
            edit=edit,
        )
        if merged is None:
            raise NotFound("There is no open cart with this token.")
        return Outcome(CartMergeRead.model_validate(merged), resource_id=merged["cart_id"])

    return await answer_once(database, keyed, work)


@router.post(
    "/items/{item_id}/save-for-later",
    status_code=201,
    response_model=CartChange,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, CartLimitExceeded),
)
async def save_for_later(
    item_id: UUID, shopper: NewShopper, database: AppDatabase, edit: CurrentEdit
) -> Response:
    """Move a line out of my cart, to be thought over."""

    async def work(connection: AsyncConnection) -> Outcome:
        change = await saving.save_line(connection, _company(shopper), shopper.owner, item_id, edit=edit)
        return Outcome(CartChange.model_validate(change), resource_id=change["id"])

    return await answer_once(database, shopper.keyed, work)


@router.get("/saved-items", responses=responses_for(InvalidCursor))
async def list_saved_items(
    shopper: CurrentShopper, database: AppDatabase, cursor: PageCursor = None, limit: PageLimit = 50
) -> Page[SavedItemRead]:
    """List what I saved for later, newest first, at the prices of now."""
    if shopper.owner is None:
        return Page(items=[], next_cursor=None)
    binding = binding_of("saved_at", owner=shopper.owner)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(
        database, company_id=shopper.company_id, user_id=shopper.caller.user_id
    ) as connection:
        rows = await saved_queries.list_saved(
            connection,
            shopper.company_id,
            shopper.owner,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
        page, next_cursor = split_page(
            rows, limit=limit, binding=binding, position_of=lambda row: (row["saved_at"], row["id"])
        )
        items = await saving.show_saved(connection, shopper.company_id, page)
    return Page(items=[SavedItemRead.model_validate(item) for item in items], next_cursor=next_cursor)


@router.post(
    "/saved-items/{item_id}/move-to-cart",
    status_code=201,
    response_model=CartChange,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, *_FITTING),
)
async def move_saved_item(
    item_id: UUID,
    shopper: NewShopper,
    database: AppDatabase,
    edit: CurrentEdit,
    wanted: SavedItemMove | None = None,
) -> Response:
    """Move what is saved into my cart, all of it or some."""

    async def work(connection: AsyncConnection) -> Outcome:
        change = await saving.move_to_cart(
            connection,
            _company(shopper),
            shopper.owner,
            item_id,
            quantity_units=wanted.quantity_units if wanted else None,
            edit=edit,
        )
        return Outcome(CartChange.model_validate(change), resource_id=change["id"])

    return await answer_once(database, shopper.keyed, work)


@router.delete("/saved-items/{item_id}", status_code=204, responses=responses_for(NotFound))
async def forget_saved_item(item_id: UUID, shopper: CurrentShopper, database: AppDatabase) -> None:
    """Forget something I saved."""
    owner, company_id = shopper.require_owner(), shopper.company_id
    async with transaction(database, company_id=company_id, user_id=shopper.caller.user_id) as connection:
        await saving.forget_saved(connection, company_id, owner, item_id)


async def _change(database: Database, shopper: Shopper, work: Work) -> CartChange:
    change = await run_in_transaction(
        database, work, company_id=shopper.company_id, user_id=shopper.caller.user_id
    )
    return CartChange.model_validate(change)


async def _answer_once(
    database: Database, shopper: StartingShopper, work: Callable[[AsyncConnection], Awaitable[Outcome]]
) -> Response:
    """Answer once, and give a guest the token of the cart."""
    response = await answer_once(database, shopper.keyed, work)
    if shopper.token is not None:
        response.headers[CART_TOKEN_HEADER] = shopper.token
    return response


def _company(shopper: StartingShopper) -> UUID:
    caller: Caller = shopper.caller
    return caller.require_company()
