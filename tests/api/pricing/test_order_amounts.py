"""Orders with coupons, shipping and taxes cost what an oracle says, whatever the mix (check 18, SQL)."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.access import Caller, Scope
from api.idempotency import KeyedRequest
from api.orders.placing import place_order
from api.orders.schemas import OrderCreate
from core.ids import new_id
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase

SHARED = [HealthCheck.function_scoped_fixture]
MINOR = {"EUR": 100, "JPY": 1}


def rounded(numerator: int, denominator: int) -> int:
    """Divide whole numbers, half away from zero; nothing here is negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def expected_totals(
    goods: list[tuple[int, int, int]],
    percent: int | None,
    fixed: int | None,
    shipping: int,
    *,
    is_included: bool,
) -> dict[str, int]:
    """Price (cents, units, rate in ten-thousandths) lines by hand, in the smallest unit."""
    amounts = [cents * units for cents, units, _ in goods]
    left = list(amounts)
    for whole in (
        None if percent is None else rounded(sum(left) * percent, 100),
        fixed,
    ):
        if whole is not None and sum(left):
            left = _less(left, min(whole, sum(left)))
    tax = [
        rounded(rest * rate, 10_000 + rate) if is_included else rounded(rest * rate, 10_000)
        for rest, (_, _, rate) in zip(left, goods, strict=True)
    ]
    return {
        "subtotal_amount": sum(amounts),
        "discount_amount": sum(amounts) - sum(left),
        "tax_amount": sum(tax),
        "total_amount": sum(left) + shipping + (0 if is_included else sum(tax)),
    }


def _less(left: list[int], whole: int) -> list[int]:
    shares = [whole * one // sum(left) for one in left]
    remainders = [whole * one % sum(left) for one in left]
    for place in sorted(range(len(left)), key=lambda place: (-remainders[place], place))[
        : whole - sum(shares)
    ]:
        shares[place] += 1
    return [one - share for one, share in zip(left, shares, strict=True)]


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
@settings(max_examples=12, deadline=None, suppress_health_check=SHARED, derandomize=True)
@given(
    goods=st.lists(
        st.tuples(st.integers(1, 90_000), st.integers(1, 9), st.integers(0, 9_000)), min_size=1, max_size=4
    ),
    percent=st.none() | st.integers(1, 100),
    fixed=st.none() | st.integers(1, 50_000),
    shipping=st.none() | st.integers(0, 2_000),
    is_included=st.booleans(),
)
async def test_orders_cost_what_the_oracle_says(
    currency: str,
    goods: list[tuple[int, int, int]],
    percent: int | None,
    fixed: int | None,
    shipping: int | None,
    is_included: bool,
    fresh_database: FreshDatabase,
    database: Database,
) -> None:
    minor = MINOR[currency]
    with fresh_database.connect("owner") as owner:
        company = add_company(owner, f"c{new_id().hex}", currency=currency, on_hand_units=0)
        owner.execute("update companies set prices_include_tax = %s where id = %s", [is_included, company.id])
        skus = [_add_goods(owner, company, place, line, minor) for place, line in enumerate(goods)]
        codes = []
        for code, kind, value in (
            ("PERCENT", "percentage", percent),
            ("FIXED", "fixed", None if fixed is None else Decimal(fixed) / minor),
        ):
            if value is not None:
                codes.append(code)
                owner.execute(
                    "insert into coupons (company_id, code, kind, value, is_stackable)"
                    " values (%s, %s, %s, %s, true)",
                    [company.id, code, kind, value],
                )
        if shipping is not None:
            _add_shipping(owner, company, Decimal(shipping) / minor)
    order = OrderCreate.model_validate(
        {
            "shop_id": company.shop_id,
            "lines": [
                {"sku": sku, "quantity_units": units} for sku, (_, units, _) in zip(skus, goods, strict=True)
            ],
            "coupon_codes": codes[::-1],
            "shipping_method": None if shipping is None else "standard",
        }
    )
    written = await _place(database, company, order)
    expected = expected_totals(goods, percent, fixed, shipping or 0, is_included=is_included)
    assert {name: Decimal(written[name]) * minor for name in expected} == expected
    assert Decimal(written["shipping_amount"]) * minor == (shipping or 0)
    for line in written["lines"]:
        assert Decimal(line["net_amount"]) + Decimal(line["tax_amount"]) == Decimal(line["gross_amount"])
    assert sum(Decimal(line["discount_amount"]) for line in written["lines"]) == Decimal(
        written["discount_amount"]
    )


async def _place(database: Database, company: Company, order: OrderCreate) -> dict[str, Any]:
    caller = Caller(kind="person", scope=Scope.COMPANY, company_id=company.id, user_id=company.admin_user_id)
    request = KeyedRequest(company.id, company.admin_user_id, "test", str(uuid4()), b"")
    result = await place_order(
        database, order, caller=caller, request=request, request_id="test", now=utc_now()
    )
    answer: dict[str, Any] = json.loads(result.response_body or "")
    return answer


def _add_goods(owner: Any, company: Company, place: int, line: tuple[int, int, int], minor: int) -> str:
    """Add a product with its own category, which has a tax rate of its own, and one product without."""
    cents, units, rate = line
    product_id, category_id, sku = new_id(), new_id(), f"G-{place}"
    for statement, values in (
        (
            "insert into categories (company_id, id, name, slug) values (%s, %s, %s, %s)",
            [company.id, category_id, sku, sku.lower()],
        ),
        (
            "insert into tax_rates (company_id, name, category_id, rate, valid_from)"
            " values (%s, %s, %s, %s, now() - interval '1 day')",
            [company.id, sku, category_id, Decimal(rate) / 10_000],
        ),
        (
            "insert into products (company_id, id, category_id, sku, slug, name, price_amount, status)"
            " values (%s, %s, %s, %s, %s, 'Thing', %s, 'published')",
            [company.id, product_id, category_id, sku, sku.lower(), Decimal(cents) / minor],
        ),
        (
            "insert into variants (company_id, id, product_id, sku) values (%s, %s, %s, %s)",
            [company.id, product_id, product_id, sku],
        ),
        (
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " values (%s, %s, %s, %s, 'opening')",
            [company.id, company.location_id, product_id, units],
        ),
    ):
        owner.execute(statement, values)
    return sku


def _add_shipping(owner: Any, company: Company, amount: Decimal) -> UUID:
    method_id, zone_id = new_id(), new_id()
    for statement, values in (
        (
            "insert into shipping_methods (company_id, id, code, name, estimated_days_min,"
            " estimated_days_max) values (%s, %s, 'standard', 'Standard', 1, 3)",
            [company.id, method_id],
        ),
        (
            "insert into shipping_zones (company_id, id, name) values (%s, %s, 'World')",
            [company.id, zone_id],
        ),
        (
            "insert into shipping_zone_areas (company_id, zone_id, position) values (%s, %s, 0)",
            [company.id, zone_id],
        ),
        (
            "insert into shipping_tariffs (company_id, method_id, zone_id) values (%s, %s, %s)",
            [company.id, method_id, zone_id],
        ),
        (
            "insert into shipping_bands (company_id, method_id, zone_id, from_bound, amount)"
            " values (%s, %s, %s, 0, %s)",
            [company.id, method_id, zone_id, amount],
        ),
    ):
        owner.execute(statement, values)
    return method_id
