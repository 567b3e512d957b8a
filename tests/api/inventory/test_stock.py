"""Stock through the API: levels, movements, adjustments, and the numbers that must add up."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from api.inventory.ledger import Movement, move_stock
from api.inventory.rules import crossed_alert, is_allowed
from api.inventory.service import ReceivedLine, receive_stock, reconcile
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import add_variant, assert_all_adds_up, counts, place

LEVEL = "select on_hand_units, reserved_units, available_units from stock_levels"


async def adjust(
    api: Api, company: Company, units: int, *, role: str = "shop_manager", **changes: Any
) -> httpx.Response:
    body = {
        "location_id": str(company.location_id),
        "variant_id": str(company.variant_id),
        "delta_units": units,
        "reason": "adjustment",
    }
    return await api.client.post(
        "/api/v1/inventory/adjustments",
        json=body | changes,
        headers={"Idempotency-Key": str(uuid4()), **api.token(role, company)},
    )


async def test_an_adjustment_is_a_row_of_the_ledger(api: Api, company: Company) -> None:
    answer = await adjust(api, company, -30, reason="write_off", note="broken")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["on_hand_units"], answer.json()["available_units"]) == (70, 70)
    manager = api.token("shop_manager", company)
    movements = (await api.client.get("/api/v1/inventory/movements", headers=manager)).json()["items"]
    assert [(row["delta_units"], row["reason"], row["note"]) for row in movements] == [
        (-30, "write_off", "broken"),
        (100, "opening", None),
    ]
    assert movements[0]["actor_user_id"] == str(company.admin_user_id)
    levels = (await api.client.get("/api/v1/inventory/levels", headers=manager)).json()["items"]
    assert [(level["sku"], level["on_hand_units"]) for level in levels] == [(company.sku, 70)]


async def test_an_adjustment_is_refused_when_the_stock_is_another_than_expected(
    api: Api, company: Company
) -> None:
    assert (await adjust(api, company, 5, expected_on_hand_units=100)).status_code == 201
    before = counts(api)
    problem = assert_problem(
        await adjust(api, company, 5, expected_on_hand_units=100), 409, "on_hand_changed"
    )
    assert problem["on_hand_units"] == 105
    assert counts(api) == before


async def test_two_counters_at_once_correct_the_stock_once(api: Api, company: Company) -> None:
    answers = await asyncio.gather(*(adjust(api, company, 5, expected_on_hand_units=100) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert api.rows(LEVEL) == [(105, 0, 105)]


async def test_stock_never_falls_below_nothing_nor_below_what_is_promised(api: Api, company: Company) -> None:
    await place(api, company, quantity_units=90)
    before = counts(api)
    for delta_units in (-101, -11):
        problem = assert_problem(await adjust(api, company, delta_units), 409, "insufficient_stock")
        assert problem["levels"][0]["on_hand_units"] == 100
    assert counts(api) == before
    assert (await adjust(api, company, -10)).status_code == 201
    assert api.rows(LEVEL) == [(90, 90, 0)]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"delta_units": 0}, 422),
        ({"delta_units": 1.5}, 422),
        ({"delta_units": 10**7}, 422),
        ({"reason": "sale"}, 422),
        ({"on_hand_units": 5}, 422),
        ({"location_id": str(uuid4())}, 422),
        ({"variant_id": str(uuid4())}, 422),
    ],
)
async def test_bad_adjustments_change_nothing(
    api: Api, company: Company, changes: dict[str, Any], status: int
) -> None:
    before = counts(api)
    assert (await adjust(api, company, 1, **changes)).status_code == status
    assert counts(api) == before


async def test_who_may_not_adjust(api: Api, two_companies: tuple[Company, Company]) -> None:
    company, other = two_companies
    before = counts(api)
    assert (await adjust(api, company, 1, role="shop_staff")).status_code == 403
    assert (await adjust(api, company, 1, role="customer")).status_code == 403
    foreign = {"location_id": str(other.location_id), "variant_id": str(other.variant_id)}
    assert (await adjust(api, company, 1, role="company_admin", **foreign)).status_code == 422
    assert counts(api) == before
    levels = await api.client.get("/api/v1/inventory/levels", headers=api.token("buyer", company))
    assert {level["location_id"] for level in levels.json()["items"]} == {str(company.location_id)}


async def test_an_alert_is_written_once_a_crossing(api: Api, company: Company) -> None:
    for delta_units in (-89, -1, -1, 20, -20, -9):
        assert (await adjust(api, company, delta_units)).status_code == 201
    alerts = api.rows("select type from events where type <> 'inventory.updated' order by sequence")
    assert alerts == [("inventory.low_stock",), ("inventory.low_stock",), ("inventory.out_of_stock",)]


async def test_received_goods_carry_their_cost(api: Api, company: Company, database: Database) -> None:
    receipt_id = uuid4()
    async with transaction(database, company_id=company.id) as connection:
        await receive_stock(
            connection,
            company_id=company.id,
            location_id=company.location_id,
            reference_id=receipt_id,
            lines=[ReceivedLine(company.variant_id, units, Decimal("6.5")) for units in (10, 5)],
            actor_user_id=None,
            occurred_at=utc_now(),
        )
    rows = api.rows(
        "select delta_units, reference_id, unit_cost_amount from stock_ledger"
        " where reason = 'receipt' order by id"
    )
    assert rows == [(10, receipt_id, Decimal("6.5")), (5, receipt_id, Decimal("6.5"))]
    assert api.rows("select on_hand_units, last_restocked_at is not null from stock_levels") == [(115, True)]


async def test_reconciliation_finds_what_does_not_add_up(
    api: Api, company: Company, database: Database
) -> None:
    await place(api, company, quantity_units=3)

    async def differences() -> list[tuple[int, int, int, int]]:
        async with transaction(database, company_id=company.id) as connection:
            found = await reconcile(connection)
        return [
            (one.on_hand_units, one.ledger_units, one.reserved_units, one.live_reserved_units)
            for one in found
        ]

    assert await differences() == []
    with api.database.connect("owner") as owner:
        owner.execute("update stock_levels set on_hand_units = 99")
        owner.execute("update reservations set reserved_units = 2")
    assert await differences() == [(99, 100, 3, 2)]


def test_the_app_can_write_neither_on_hand_nor_the_past(api: Api, company: Company) -> None:
    with api.database.connect("app") as app:
        app.execute("select set_config('app.company_id', %s, false)", [str(company.id)])
        for statement in (
            "update stock_levels set on_hand_units = 1000",
            "update stock_ledger set delta_units = 1000",
            "delete from stock_ledger",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)
        with pytest.raises(psycopg.errors.CheckViolation):
            app.execute("update stock_levels set reserved_units = 101")


async def test_movements_of_many_levels_at_once_do_not_deadlock(
    api: Api, company: Company, database: Database
) -> None:
    add_variant(api, company, "EXTRA")
    variants: list[UUID] = [row[0] for row in api.rows("select id from variants order by id")]

    async def move(order: list[UUID]) -> None:
        for _ in range(10):
            async with transaction(database, company_id=company.id) as connection:
                await move_stock(
                    connection,
                    company_id=company.id,
                    movements=[Movement(company.location_id, variant, -1, "adjustment") for variant in order],
                    actor_user_id=None,
                    occurred_at=utc_now(),
                )

    await asyncio.gather(move(variants), move(variants[::-1]), move(variants), move(variants[::-1]))
    assert api.rows("select on_hand_units from stock_levels") == [(60,), (60,)]
    assert_all_adds_up(api)


def test_rules_of_levels_and_alerts() -> None:
    assert is_allowed(on_hand_units=0, reserved_units=0, allow_backorder=False)
    assert not is_allowed(on_hand_units=-1, reserved_units=0, allow_backorder=True)
    assert not is_allowed(on_hand_units=1, reserved_units=2, allow_backorder=False)
    assert is_allowed(on_hand_units=1, reserved_units=2, allow_backorder=True)
    assert crossed_alert(11, 10, threshold_units=10) == "inventory.low_stock"
    assert crossed_alert(10, 9, threshold_units=10) is None
    assert crossed_alert(9, 12, threshold_units=10) is None
    assert crossed_alert(1, 0, threshold_units=10) == "inventory.out_of_stock"
    assert crossed_alert(1, 0, threshold_units=0) == "inventory.out_of_stock"
    assert crossed_alert(0, -3, threshold_units=0) is None
