"""Order placement: one round trip, one transaction, the statements of ``placement.sql``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, cast
from uuid import UUID

import orjson
import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import InProgress
from core.postgres.exchange import (
    ExchangeError,
    PreparedStatement,
    Row,
    array_text,
    exchange,
    exchange_in_transaction,
)
from core.postgres.pools import Database

PLACEMENT_FILE: Final = Path(__file__).with_name("placement.sql")

Outcome = Literal[
    "placed",
    "replayed",
    "key_reused",
    "unknown_shop",
    "unknown_customer",
    "unknown_sku",
    "out_of_stock",
    "price_changed",
]
PlacedBy = Literal["customer", "guest", "staff"]

_TRIES = 4
_WORTH_ANOTHER_TRY = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class PlacementLine:
    """Units of one variant, named by id or by SKU; and what it was quoted at, if it was."""

    quantity_units: int
    variant_id: UUID | None = None
    sku: str | None = None
    discount_amount: Decimal | None = None
    tax_rate: Decimal | None = None
    expected_unit_price_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Everything that ``placement.sql`` is told; its parameters have these names."""

    company_id: UUID
    shop_id: UUID
    placed_by: PlacedBy
    scope: str
    key: str
    request_sha256: bytes
    lines: Sequence[PlacementLine]
    user_id: UUID | None = None
    customer_id: UUID | None = None
    email: str | None = None
    shipping_address: str = "{}"
    billing_address: str = "{}"
    shipping_method: str | None = None
    customer_note: str | None = None
    expected_total_amount: str | None = None
    tax_country: str | None = None
    tax_region: str | None = None
    shipping_amount: Decimal | None = None
    coupon_code: str | None = None
    checkout_id: UUID | None = None
    cart_id: UUID | None = None
    # Its answer is a part of the checkout's, which is kept under the key.
    is_part_of_checkout: bool = False
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlacementResult:
    """What came of it: an order's document, as it was first answered, or the reason why there is none."""

    outcome: Outcome
    response_body: str | None
    order_id: UUID | None
    details: Any


async def run_placement(database: Database, placement: Placement) -> PlacementResult:
    """Place the order, or change nothing; a deadlock or serialization failure is tried again.

    Raises
    ------
    InProgress
        If a twin with the same key holds it for longer than the lock timeout.
    psycopg.Error
        Anything else: nothing was changed, unless the connection was lost; then only the key tells.
    """
    parameters = _parameters(placement)
    calls = [(statement, [parameters[name] for name in names]) for statement, names in _STATEMENTS]
    for tries_left in reversed(range(_TRIES)):
        try:
            *_, [row] = await exchange(database.hot_pool, calls)
        except ExchangeError as failure:
            if failure.position == 0 and isinstance(failure.error, psycopg.errors.LockNotAvailable):
                raise InProgress from None
            if not (tries_left and isinstance(failure.error, _WORTH_ANOTHER_TRY)):
                raise failure.error from None
        else:
            break
    return _result(row)


async def place_in_transaction(
    connection: AsyncConnection, placements: Sequence[Placement]
) -> list[PlacementResult]:
    """Place several orders of one company in the open transaction, one after the other, in one round trip.

    The caller has locked the basket (`lock_basket`) and undoes everything unless all were placed.
    """
    calls = []
    for placement in placements:
        parameters = _parameters(placement)
        calls += [(statement, [parameters[name] for name in names]) for statement, names in _STATEMENTS[1:]]
    answers = await exchange_in_transaction(connection, calls)
    return [_result(row) for [row] in answers[1::2]]


async def lock_basket(connection: AsyncConnection, placements: Sequence[Placement]) -> None:
    """Lock all stock that these orders may draw on, in the one order in which all lock it.

    Each placement locks its own stock; that of several shops has to be locked together, before the first.
    """
    first = placements[0]
    lines = [(placement.shop_id, line) for placement in placements for line in placement.lines]
    settings, names = _STATEMENTS[0]
    parameters = _parameters(first) | {
        "basket_shop_ids": array_text(str(shop_id) for shop_id, _ in lines),
        "basket_variant_ids": array_text(_text(line.variant_id) for _, line in lines),
    }
    lock, lock_names = _LOCK_BASKET
    await exchange_in_transaction(
        connection,
        [
            (settings, [parameters[name] for name in names]),
            (lock, [parameters[name] for name in lock_names]),
        ],
    )


def _result(row: Row) -> PlacementResult:
    outcome, response_body, order_id, details = row
    return PlacementResult(
        outcome=cast(Outcome, outcome),
        response_body=response_body,
        order_id=None if order_id is None else UUID(order_id),
        details=None if details is None else orjson.loads(details),
    )


def load_statements(file: Path) -> list[tuple[PreparedStatement, tuple[str, ...]]]:
    """Split the file at its semicolons; number its parameters, and give their names in that order."""
    text = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
    parts = [" ".join(part.split()) for part in text.split(";") if part.strip()]
    return [_numbered(f"{file.stem}_{place}", part) for place, part in enumerate(parts, start=1)]


def _numbered(name: str, statement: str) -> tuple[PreparedStatement, tuple[str, ...]]:
    names = tuple(dict.fromkeys(_PARAMETER.findall(statement)))
    sql = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", statement)
    return PreparedStatement(name.encode(), sql.encode()), names


_STATEMENTS = load_statements(PLACEMENT_FILE)
_LOCK_BASKET = _numbered(
    "lock_basket",
    """
    select level.variant_id
    from stock_levels as level
    where level.company_id = :company_id::uuid
    and (level.location_id, level.variant_id) in (
        select drawn.location_id, line.variant_id
        from unnest(:basket_shop_ids::uuid [], :basket_variant_ids::uuid []) as line (shop_id, variant_id)
        inner join shop_locations as drawn
            on drawn.company_id = :company_id::uuid and drawn.shop_id = line.shop_id
    )
    order by level.location_id, level.variant_id
    for update of level
    """,
)


def _parameters(placement: Placement) -> dict[str, str | None]:
    """Write all parameters as texts, so that there is one prepared statement whatever is null."""
    return {
        "company_id": str(placement.company_id),
        "user_id": _text(placement.user_id),
        "request_id": placement.request_id,
        "scope": placement.scope,
        "key": placement.key,
        "request_sha256": "\\x" + placement.request_sha256.hex(),
        "placed_by": placement.placed_by,
        "shop_id": str(placement.shop_id),
        "customer_id": _text(placement.customer_id),
        "email": placement.email,
        "shipping_address": placement.shipping_address,
        "billing_address": placement.billing_address,
        "shipping_method": placement.shipping_method,
        "customer_note": placement.customer_note,
        "expected_total_amount": placement.expected_total_amount,
        "line_variant_ids": array_text(_text(line.variant_id) for line in placement.lines),
        "line_skus": array_text(line.sku for line in placement.lines),
        "line_quantities": array_text(str(line.quantity_units) for line in placement.lines),
        "line_discounts": array_text(_text(line.discount_amount) for line in placement.lines),
        "line_tax_rates": array_text(_text(line.tax_rate) for line in placement.lines),
        "line_expected_prices": array_text(
            _text(line.expected_unit_price_amount) for line in placement.lines
        ),
        "tax_country": placement.tax_country,
        "tax_region": placement.tax_region,
        "shipping_amount": _text(placement.shipping_amount),
        "coupon_code": placement.coupon_code,
        "checkout_id": _text(placement.checkout_id),
        "cart_id": _text(placement.cart_id),
        "is_part_of_checkout": str(placement.is_part_of_checkout).lower(),
    }


def _text(value: UUID | Decimal | None) -> str | None:
    return None if value is None else str(value)
