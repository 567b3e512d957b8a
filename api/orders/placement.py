"""Order placement: one round trip, one transaction, the statements of ``placement.sql``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast
from uuid import UUID

import orjson
import psycopg

from api.errors import InProgress
from core.postgres.exchange import ExchangeError, PreparedStatement, exchange
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
    """Units of one variant, named by id or by SKU."""

    quantity_units: int
    variant_id: UUID | None = None
    sku: str | None = None


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
        "line_variant_ids": _array(_text(line.variant_id) for line in placement.lines),
        "line_skus": _array(line.sku for line in placement.lines),
        "line_quantities": _array(str(line.quantity_units) for line in placement.lines),
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _array(values: Iterable[str | None]) -> str:
    """Write an array as PostgreSQL reads it."""
    return "{" + ",".join("NULL" if value is None else _quoted(value) for value in values) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
