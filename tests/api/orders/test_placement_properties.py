"""Whatever is ordered, cancelled, shipped and adjusted: stock and money follow a model written apart."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.inventory.errors import InsufficientStock
from api.inventory.ledger import Movement, move_stock
from api.inventory.reservations import end_reservations
from api.inventory.service import reconcile, ship_reserved
from api.orders.placement import Placement, PlacementLine, PlacementResult, run_placement
from core.ids import new_id
from core.money import line_amount, split_tax
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase

SHARED = [HealthCheck.function_scoped_fixture]


@dataclass
class Model:
    """Two locations of one shop, drawn on in this order: on hand and reserved of each (location, variant)."""

    locations: list[UUID]
    on_hand: dict[tuple[UUID, int], int] = field(default_factory=dict)
    reserved: dict[tuple[UUID, int], int] = field(default_factory=dict)
    orders: dict[UUID, list[tuple[UUID, int, int]]] = field(default_factory=dict)

    def available(self, location: UUID, variant: int) -> int:
        return self.on_hand.get((location, variant), 0) - self.reserved.get((location, variant), 0)

    def place(self, wanted: dict[int, int]) -> list[tuple[UUID, int, int]] | None:
        """Take each variant from the first location, then from the second; None: something is short."""
        held = []
        for variant, units in wanted.items():
            for location in self.locations:
                taken = min(units, self.available(location, variant))
                units -= taken
                if taken:
                    held.append((location, variant, taken))
            if units:
                return None
        return held

    def hold(self, order_id: UUID, held: list[tuple[UUID, int, int]]) -> None:
        self.orders[order_id] = held
        for location, variant, units in held:
            self.reserved[location, variant] = self.reserved.get((location, variant), 0) + units

    def end(self, order_id: UUID, *, is_shipped: bool) -> None:
        for location, variant, units in self.orders.pop(order_id):
            self.reserved[location, variant] -= units
            self.on_hand[location, variant] -= units if is_shipped else 0


_line = st.tuples(st.integers(0, 1), st.integers(1, 6))
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.lists(_line, min_size=1, max_size=4)),
        st.tuples(st.just("adjust"), st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(-8, 8))),
        st.tuples(st.sampled_from(["cancel", "ship"]), st.integers(0, 5)),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=SHARED, derandomize=True)
@given(steps=_steps)
async def test_stock_follows_the_model(
    steps: list[tuple[str, Any]], fresh_database: FreshDatabase, database: Database
) -> None:
    """On hand = Σ ledger and reserved = Σ live reservations, after every step."""
    company, variants, model = _make_shop(fresh_database)
    for kind, what in [("adjust", (0, 0, 8)), ("adjust", (1, 1, 8)), *steps]:
        if kind == "place":
            await _place(database, company, variants, model, what)
        elif kind == "adjust":
            await _adjust(database, company, variants, model, *what)
        elif model.orders:
            order_id = list(model.orders)[what % len(model.orders)]
            await _end(database, company, model, order_id, is_shipped=kind == "ship")
        assert await _levels(database, company, variants) == {
            key: (model.on_hand.get(key, 0), model.reserved.get(key, 0))
            for key in model.on_hand.keys() | model.reserved.keys()
        }


_price = st.decimals(0, 10_000, places=6)


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
@settings(max_examples=25, deadline=None, suppress_health_check=SHARED, derandomize=True)
@given(
    prices=st.lists(st.tuples(_price, st.integers(1, 50)), min_size=1, max_size=4),
    tax_rate=st.decimals(0, Decimal("0.99"), places=4),
    is_included=st.booleans(),
)
async def test_totals_follow_the_rules_of_money(
    currency: str,
    prices: list[tuple[Decimal, int]],
    tax_rate: Decimal,
    is_included: bool,
    fresh_database: FreshDatabase,
    database: Database,
) -> None:
    """SQL's net, tax and gross of each line are those of `core.money`, and the totals are their sums."""
    with fresh_database.connect("owner") as owner:
        company = add_company(owner, f"c{new_id().hex}", currency=currency, on_hand_units=0)
        owner.execute(
            "update companies set tax_rate = %s, prices_include_tax = %s where id = %s",
            [tax_rate, is_included, company.id],
        )
        skus = [
            _add_variant(owner, company, f"M-{place}", price, 50)[1]
            for place, (price, _) in enumerate(prices)
        ]
    lines = [PlacementLine(units, sku=sku) for sku, (_, units) in zip(skus, prices, strict=True)]
    result = await run_placement(database, _placement(company, lines))
    order = json.loads(result.response_body or "")
    expected = [
        split_tax(
            line_amount(price, units, currency),
            tax_rate=tax_rate,
            is_tax_included=is_included,
            currency=currency,
        )
        for price, units in prices
    ]
    written = [
        tuple(Decimal(line[f"{part}_amount"]) for part in ("net", "tax", "gross")) for line in order["lines"]
    ]
    assert written == [(one.net_amount, one.tax_amount, one.gross_amount) for one in expected]
    assert Decimal(order["total_amount"]) == sum(one.gross_amount for one in expected)
    assert Decimal(order["tax_amount"]) == sum(one.tax_amount for one in expected)


def _make_shop(database: FreshDatabase) -> tuple[Company, list[UUID], Model]:
    with database.connect("owner") as owner:
        company = add_company(owner, f"c{new_id().hex}", on_hand_units=0)
        back = new_id()
        owner.execute(
            "insert into locations (company_id, id, code, name) values (%s, %s, 'BACK', 'Back')",
            [company.id, back],
        )
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id, priority) values (%s, %s, %s, 2)",
            [company.id, company.shop_id, back],
        )
        second, _ = _add_variant(owner, company, "SKU-2", Decimal(5), 0)
    return company, [company.variant_id, second], Model([company.location_id, back])


def _add_variant(owner: Any, company: Company, sku: str, price: Decimal, units: int) -> tuple[UUID, str]:
    product_id, variant_id = new_id(), new_id()
    owner.execute(
        "insert into products (company_id, id, sku, slug, name, price_amount, status)"
        " values (%s, %s, %s, %s, 'Thing', %s, 'published')",
        [company.id, product_id, sku, sku.lower(), price],
    )
    owner.execute(
        "insert into variants (company_id, id, product_id, sku) values (%s, %s, %s, %s)",
        [company.id, variant_id, product_id, sku],
    )
    if units:
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " values (%s, %s, %s, %s, 'opening')",
            [company.id, company.location_id, variant_id, units],
        )
    return variant_id, sku


def _placement(company: Company, lines: list[PlacementLine]) -> Placement:
    return Placement(
        company_id=company.id,
        shop_id=company.shop_id,
        placed_by="guest",
        scope="test",
        key=str(uuid4()),
        request_sha256=b"",
        lines=lines,
    )


async def _place(
    database: Database, company: Company, variants: list[UUID], model: Model, lines: list[tuple[int, int]]
) -> None:
    wanted: dict[int, int] = {}
    for variant, units in lines:
        wanted[variant] = wanted.get(variant, 0) + units
    held = model.place(wanted)
    asked = [PlacementLine(units, variant_id=variants[variant]) for variant, units in lines]
    result: PlacementResult = await run_placement(database, _placement(company, asked))
    assert result.outcome == ("out_of_stock" if held is None else "placed")
    if held is not None:
        assert result.order_id is not None
        model.hold(result.order_id, held)


async def _adjust(
    database: Database,
    company: Company,
    variants: list[UUID],
    model: Model,
    place: int,
    variant: int,
    delta_units: int,
) -> None:
    if delta_units == 0:
        return
    location = model.locations[place]
    movement = Movement(location, variants[variant], delta_units, "adjustment")
    is_allowed = model.available(location, variant) + delta_units >= 0
    try:
        async with transaction(database, company_id=company.id) as connection:
            await move_stock(
                connection,
                company_id=company.id,
                movements=[movement],
                actor_user_id=None,
                occurred_at=utc_now(),
            )
    except InsufficientStock:
        assert not is_allowed
    else:
        assert is_allowed
        model.on_hand[location, variant] = model.on_hand.get((location, variant), 0) + delta_units


async def _end(
    database: Database, company: Company, model: Model, order_id: UUID, *, is_shipped: bool
) -> None:
    async with transaction(database, company_id=company.id) as connection:
        if is_shipped:
            await ship_reserved(
                connection,
                company_id=company.id,
                order_id=order_id,
                actor_user_id=None,
                occurred_at=utc_now(),
            )
        else:
            await end_reservations(
                connection, company_id=company.id, owner_id=order_id, ending="released", at=utc_now()
            )
    model.end(order_id, is_shipped=is_shipped)


async def _levels(
    database: Database, company: Company, variants: list[UUID]
) -> dict[tuple[UUID, int], tuple[int, int]]:
    """Return all levels, after asking that ledger and reservations explain them."""
    async with transaction(database, company_id=company.id) as connection:
        assert await reconcile(connection) == []
        rows = await connection.exec_driver_sql(
            "select location_id, variant_id, on_hand_units, reserved_units from stock_levels"
            " where exists (select from stock_ledger as ledger"
            " where ledger.location_id = stock_levels.location_id"
            " and ledger.variant_id = stock_levels.variant_id)"
        )
        return {(row[0], variants.index(row[1])): (row[2], row[3]) for row in rows}
