"""Transfers by way of in-transit, and cycle counts, through the API."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.orders import add_variant, assert_all_adds_up, counts, place

TRANSFERS = "/api/v1/inventory/transfers"
COUNTS = "/api/v1/inventory/counts"
ON_HAND = (
    "select locations.code, level.on_hand_units from stock_levels as level"
    " inner join locations on level.location_id = locations.id where level.variant_id = %s order by 1"
)


@dataclass(frozen=True)
class Places:
    """A company with a second location, and who acts."""

    api: Api
    company: Company
    second_id: str
    admin: dict[str, str]

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.api.client.post(
            path, json=body, headers=self.admin | {"Idempotency-Key": str(uuid4())}
        )

    async def done(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.post(path, body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def draft(self, units: int, variant_ids: list[UUID] | None = None) -> dict[str, Any]:
        named = variant_ids or [self.company.variant_id]
        return await self.done(
            TRANSFERS,
            {
                "from_location_id": str(self.company.location_id),
                "to_location_id": self.second_id,
                "lines": [{"variant_id": str(one), "units": units} for one in named],
            },
        )

    def on_hand(self) -> list[tuple[str, int]]:
        return self.api.rows(ON_HAND, [self.company.variant_id])


async def two_places(api: Api, company: Company) -> Places:
    admin = api.token("company_admin", company)
    made = await api.client.post(
        "/api/v1/locations",
        json={"code": "SECOND", "name": "Second"},
        headers=admin | {"Idempotency-Key": str(uuid4())},
    )
    return Places(api, company, made.json()["id"], admin)


async def test_a_transfer_takes_stock_by_way_of_in_transit(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    transfer = await places.draft(30)
    assert (transfer["status"], transfer["transfer_number"][:3]) == ("draft", "TR-")
    assert places.on_hand() == [("MAIN", 100)]
    path = f"{TRANSFERS}/{transfer['id']}"
    sent = await places.done(f"{path}/send")
    assert (sent["status"], sent["lines"][0]["in_transit_units"]) == ("sent", 30)
    assert places.on_hand() == [("IN-TRANSIT", 30), ("MAIN", 70)]
    line = {"line_id": sent["lines"][0]["id"]}
    part = await places.done(f"{path}/receive", {"lines": [line | {"received_units": 20}]})
    assert (part["status"], part["lines"][0]["in_transit_units"]) == ("partly_received", 10)
    over = await places.post(f"{path}/receive", {"lines": [line | {"received_units": 6, "lost_units": 5}]})
    assert assert_problem(over, 409, "over_transfer")["lines"][0]["in_transit_units"] == 10
    rest = await places.done(f"{path}/receive", {"lines": [line | {"received_units": 7, "lost_units": 3}]})
    assert (rest["status"], rest["lines"][0]["lost_units"]) == ("received", 3)
    assert places.on_hand() == [("IN-TRANSIT", 0), ("MAIN", 70), ("SECOND", 27)]
    assert api.scalar("select sum(delta_units) from stock_ledger") == 97
    moved = api.rows(
        "select reason, delta_units, unit_cost_amount::float from stock_ledger where reference_id = %s"
        " order by id",
        [transfer["id"]],
    )
    assert sorted(moved) == [
        ("transfer_in", 7, 6.0), ("transfer_in", 20, 6.0), ("transfer_in", 30, 6.0),
        ("transfer_out", -30, None), ("transfer_out", -20, None), ("transfer_out", -7, None),
        ("write_off", -3, None),
    ]  # fmt: skip
    by_reference = await api.client.get(
        f"/api/v1/inventory/movements?reference_id={transfer['id']}&reason=write_off", headers=places.admin
    )
    assert [row["delta_units"] for row in by_reference.json()["items"]] == [-3]
    value = (await api.client.get("/api/v1/inventory/valuation", headers=places.admin)).json()["totals"]
    assert (value["transferred_amount"], value["adjusted_amount"]) == ("0.000000", "-18.000000")
    assert value["closing_amount"] == "582.000000"
    assert_all_adds_up(api)


async def test_transfer_steps_out_of_order_are_refused_by_name(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    transfer = await places.draft(30)
    path = f"{TRANSFERS}/{transfer['id']}"
    arrival = {"lines": [{"line_id": transfer["lines"][0]["id"], "received_units": 1}]}
    assert_problem(await places.post(f"{path}/receive", arrival), 409, "illegal_transition")
    await places.done(f"{path}/send")
    before = counts(api)
    assert_problem(await places.post(f"{path}/send"), 409, "illegal_transition")
    assert counts(api) == before
    cancelled = await places.done(f"{path}/cancel", {"reason": "came back"})
    assert (cancelled["status"], cancelled["cancellation_reason"]) == ("cancelled", "came back")
    assert places.on_hand() == [("IN-TRANSIT", 0), ("MAIN", 100)]
    assert_problem(await places.post(f"{path}/receive", arrival), 409, "illegal_transition")
    assert_problem(await places.post(f"{path}/cancel", {"reason": "again"}), 409, "illegal_transition")


async def test_what_is_promised_is_not_sent_away_and_what_is_on_its_way_is_not_sold(
    api: Api, company: Company
) -> None:
    places = await two_places(api, company)
    await place(api, company, quantity_units=80)
    too_many, fits = await places.draft(21), await places.draft(20)
    before = counts(api)
    assert_problem(await places.post(f"{TRANSFERS}/{too_many['id']}/send"), 409, "insufficient_stock")
    assert counts(api) == before
    await places.done(f"{TRANSFERS}/{fits['id']}/send")
    assert (await place(api, company, quantity_units=1)).status_code == 409
    alerts = "select type, payload ->> 'location_id' from events where type like 'inventory.%%stock'"
    assert api.rows(alerts, []) == [("inventory.out_of_stock", str(company.location_id))]
    assert_all_adds_up(api)


async def test_bad_transfers_are_refused(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    good = {
        "from_location_id": str(company.location_id),
        "to_location_id": places.second_id,
        "lines": [{"variant_id": str(company.variant_id), "units": 1}],
    }
    for change in (
        {"to_location_id": str(company.location_id)},
        {"to_location_id": str(uuid4())},
        {"lines": []},
        {"lines": [{"variant_id": str(uuid4()), "units": 1}]},
        {"lines": [{"variant_id": str(company.variant_id), "units": 0}]},
        {"status": "sent"},
    ):
        assert (await places.post(TRANSFERS, good | change)).status_code == 422, change
    manager = api.token("shop_manager", company) | {"Idempotency-Key": str(uuid4())}
    # The manager's shop does not draw on the second location.
    assert (await api.client.post(TRANSFERS, json=good, headers=manager)).status_code == 422
    assert api.scalar("select count(*) from stock_transfers") == 0


async def test_transfers_there_and_back_counts_and_orders_at_once_do_not_deadlock(
    api: Api, company: Company
) -> None:
    places = await two_places(api, company)
    for number in range(4):
        add_variant(api, company, f"V{number}")
    variants = [row[0] for row in api.rows("select id from variants order by id")]
    # As many at once as the pool of a small server serves without a queue.
    at_once = asyncio.Semaphore(5)

    async def limited(work: Coroutine[Any, Any, None]) -> None:
        async with at_once:
            await work

    async def there(order: list[UUID]) -> None:
        transfer = await places.draft(2, order)
        await places.done(f"{TRANSFERS}/{transfer['id']}/send")
        lines = [{"line_id": line["id"], "received_units": 2} for line in transfer["lines"]]
        await places.done(f"{TRANSFERS}/{transfer['id']}/receive", {"lines": lines[::-1]})

    async def count(variant_id: UUID) -> None:
        sheet = await places.done(
            COUNTS, {"location_id": str(company.location_id), "variant_ids": [str(variant_id)]}
        )
        entry = {"variant_id": str(variant_id), "counted_units": 150}
        await places.done(f"{COUNTS}/{sheet['id']}/entries", {"entries": [entry]})
        await places.done(f"{COUNTS}/{sheet['id']}/close", {})

    async def order() -> None:
        assert (await place(api, company, quantity_units=1)).status_code == 201

    work = [there(variants if number % 2 else variants[::-1]) for number in range(6)]
    work += [count(one) for one in variants] + [order() for _ in range(6)]
    await asyncio.gather(*(limited(one) for one in work[::2] + work[1::2]))
    assert_all_adds_up(api)
    at_second = api.rows(
        "select distinct on_hand_units from stock_levels where location_id = %s", [places.second_id]
    )
    assert at_second == [(12,)]


async def sheet(places: Places, **fields: Any) -> dict[str, Any]:
    return await places.done(COUNTS, {"location_id": str(places.company.location_id)} | fields)


async def test_a_count_posts_its_differences_and_keeps_what_moved_meanwhile(
    api: Api, company: Company
) -> None:
    places = await two_places(api, company)
    opened = await sheet(places)
    assert [(line["expected_units"], line["counted_units"]) for line in opened["lines"]] == [(100, None)]
    adjustment = {
        "location_id": str(company.location_id),
        "variant_id": str(company.variant_id),
        "reason": "adjustment",
    }
    # Four units leave before the variant is counted, and five after it: neither is in the difference.
    await places.done("/api/v1/inventory/adjustments", adjustment | {"delta_units": -4})
    entry = {"variant_id": str(company.variant_id), "counted_units": 94}
    counted = await places.done(f"{COUNTS}/{opened['id']}/entries", {"entries": [entry]})
    assert counted["lines"][0]["on_hand_when_counted_units"] == 96
    await places.done("/api/v1/inventory/adjustments", adjustment | {"delta_units": -5})
    closed = await places.done(f"{COUNTS}/{opened['id']}/close", {})
    assert (closed["status"], closed["lines"][0]["difference_units"]) == ("closed", -2)
    assert places.on_hand() == [("MAIN", 89)]
    rows = api.rows("select delta_units, reason, reference_type from stock_ledger where reason = 'count'")
    assert rows == [(-2, "count", "count")]
    again = await places.post(f"{COUNTS}/{opened['id']}/close", {})
    assert_problem(again, 409, "illegal_transition")
    assert_all_adds_up(api)


async def test_a_blind_sheet_tells_nothing_before_it_is_closed(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    opened = await sheet(places, is_blind=True)
    path = f"{COUNTS}/{opened['id']}"
    entry = {"variant_id": str(company.variant_id), "counted_units": 90}
    staff = api.token("shop_staff", company) | {"Idempotency-Key": str(uuid4())}
    answer = await api.client.post(f"{path}/entries", json={"entries": [entry]}, headers=staff)
    (line,) = answer.json()["lines"]
    assert (line["counted_units"], line["expected_units"], line["difference_units"]) == (90, None, None)
    assert_problem(await api.client.post(f"{path}/close", json={}, headers=staff), 403, "forbidden")
    (line,) = (await places.done(f"{path}/close", {}))["lines"]
    assert (line["expected_units"], line["difference_units"]) == (100, -10)


async def test_what_is_not_counted_stays_and_what_was_found_is_added(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    add_variant(api, company, "FOUND", on_hand_units=0)
    found_id = api.scalar("select id from variants where sku = 'FOUND'")
    opened = await sheet(places)
    path = f"{COUNTS}/{opened['id']}"
    problem = assert_problem(await places.post(f"{path}/close", {}), 409, "count_incomplete")
    assert problem["uncounted_variants"] == 1
    entry = {"variant_id": str(found_id), "counted_units": 3}
    await places.done(f"{path}/entries", {"entries": [entry]})
    await places.done(f"{path}/close", {"leave_uncounted": True})
    assert places.on_hand() == [("MAIN", 100)]
    assert api.rows(ON_HAND, [found_id]) == [("MAIN", 3)]


async def test_a_variant_is_on_one_open_sheet_at_a_time(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    body = {"location_id": str(company.location_id)}
    answers = await asyncio.gather(*(places.post(COUNTS, body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"count_open"}
    (first,) = (answer.json() for answer in answers if answer.status_code == 201)
    await places.done(f"{COUNTS}/{first['id']}/cancel")
    assert (await places.post(COUNTS, body)).status_code == 201
    listed = (await api.client.get(f"{COUNTS}?status=cancelled", headers=places.admin)).json()["items"]
    assert [row["id"] for row in listed] == [first["id"]]


async def test_a_count_below_what_is_promised_is_refused(api: Api, company: Company) -> None:
    places = await two_places(api, company)
    await place(api, company, quantity_units=90)
    opened = await sheet(places)
    entry = {"variant_id": str(company.variant_id), "counted_units": 80}
    await places.done(f"{COUNTS}/{opened['id']}/entries", {"entries": [entry]})
    before = counts(api)
    assert_problem(await places.post(f"{COUNTS}/{opened['id']}/close", {}), 409, "insufficient_stock")
    assert counts(api) == before
