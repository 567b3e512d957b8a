"""Sending an order in parts, from several locations, and following it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.lifecycle import (
    ORDERS,
    add_location,
    levels,
    ordered,
    priced,
    read,
    send,
    track,
)
from tests.support.orders import assert_all_adds_up, counts


async def test_an_order_is_shipped_and_delivered_when_all_its_units_are(api: Api, company: Company) -> None:
    priced(api, company, "SECOND", "5")
    order = await ordered(api, company, **{company.sku: 2, "SECOND": 1})
    first, second = (line["id"] for line in order["lines"])
    one = (await send(api, company, order["id"], {first: 1}, carrier="DHL", tracking_number="JD01")).json()
    assert (await read(api, company, order["id"]))["status"] == "processing"
    two = (await send(api, company, order["id"], {first: 1, second: 1})).json()
    assert (await read(api, company, order["id"]))["status"] == "shipped"
    shipments = one["items"] + two["items"]
    assert [one["shipment_number"] for one in shipments] == [
        f"{order['order_number']}/1",
        f"{order['order_number']}/2",
    ]
    assert levels(api) == [(98, 0, 98), (99, 0, 99)]
    for shipment, status in zip(shipments, ("shipped", "delivered"), strict=True):
        assert (await track(api, company, order["id"], shipment["id"], "delivered")).status_code == 201
        assert (await read(api, company, order["id"]))["status"] == status
    told = api.rows("select type from events where aggregate_id = %s order by sequence", [order["id"]])
    assert [kind for (kind,) in told] == [
        "order.created",
        "order.confirmed",
        "order.started",
        "order.shipped",
        "order.delivered",
    ]
    assert_all_adds_up(api)


async def test_each_location_sends_its_own_parcel(api: Api, company: Company) -> None:
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " values (%s, %s, %s, -97, 'adjustment')",
            [company.id, company.location_id, company.variant_id],
        )
    north = add_location(api, company, "NORTH", company.sku, on_hand_units=5)
    order = await ordered(api, company, **{company.sku: 7})
    line_id = order["lines"][0]["id"]
    before = counts(api)
    one_number = await send(api, company, order["id"], tracking_number="JD01")
    assert_problem(one_number, 422, "location_needed")
    too_many = await send(api, company, order["id"], {line_id: 4}, location_id=str(company.location_id))
    assert_problem(too_many, 409, "not_held_there")
    assert counts(api) == before
    from_north = (await send(api, company, order["id"], location_id=str(north), tracking_number="N1")).json()
    assert [one["lines"][0]["quantity_units"] for one in from_north["items"]] == [4]
    rest = (await send(api, company, order["id"])).json()
    assert [(one["location_id"], one["lines"][0]["quantity_units"]) for one in rest["items"]] == [
        (str(company.location_id), 3)
    ]
    assert (await read(api, company, order["id"]))["status"] == "shipped"
    assert sorted(levels(api)) == [(0, 0, 0), (1, 0, 1)]
    assert_all_adds_up(api)


async def test_all_at_once_makes_a_parcel_per_location(api: Api, company: Company) -> None:
    add_location(api, company, "NORTH", company.sku, on_hand_units=5)
    order = await ordered(api, company, **{company.sku: 103})
    answer = await send(api, company, order["id"])
    assert [one["lines"][0]["quantity_units"] for one in answer.json()["items"]] in ([100, 3], [3, 100])
    assert (await read(api, company, order["id"]))["lines"][0]["fulfilled_units"] == 103


async def test_tracking_tells_what_the_carrier_told(api: Api, company: Company) -> None:
    order = await ordered(api, company)
    expected = datetime(2030, 1, 2, 12, tzinfo=UTC)
    [shipment] = (
        await send(
            api,
            company,
            order["id"],
            carrier="DHL",
            tracking_number="JD01",
            tracking_url="https://track.example.com/JD01",
            estimated_delivery_at=expected.isoformat(),
        )
    ).json()["items"]
    picked = datetime.now(UTC) - timedelta(minutes=1)
    await track(
        api,
        company,
        order["id"],
        shipment["id"],
        "picked_up",
        location="Bonn",
        description="Collected",
        occurred_at=picked.isoformat(),
    )
    await track(api, company, order["id"], shipment["id"], "delivered", location="Köln")
    answer = await api.client.get(f"{ORDERS}/{order['id']}/tracking", headers=api.token("customer", company))
    told = answer.json()
    assert (told["status"], told["order_number"]) == ("delivered", order["order_number"])
    assert datetime.fromisoformat(told["estimated_delivery_at"]) == expected
    [seen] = told["shipments"]
    assert (seen["carrier"], seen["tracking_number"], seen["tracking_url"]) == (
        "DHL",
        "JD01",
        "https://track.example.com/JD01",
    )
    assert [(one["status"], one["location"], one["description"]) for one in seen["events"]] == [
        ("picked_up", "Bonn", "Collected"),
        ("delivered", "Köln", None),
    ]
    assert datetime.fromisoformat(seen["events"][0]["occurred_at"]) == picked


async def test_events_that_can_t_be_are_refused(api: Api, company: Company) -> None:
    order = await ordered(api, company)
    [shipment] = (await send(api, company, order["id"])).json()["items"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    future = await track(api, company, order["id"], shipment["id"], "in_transit", occurred_at=later)
    assert_problem(future, 422, "event_in_future")
    assert_problem(await track(api, company, order["id"], str(new_id()), "in_transit"), 404, "not_found")
    await track(api, company, order["id"], shipment["id"], "delivered")
    again = await track(api, company, order["id"], shipment["id"], "in_transit")
    assert_problem(again, 409, "already_delivered")
    assert api.scalar("select count(*) from shipment_events") == 1


@pytest.mark.parametrize("status", ["pending", "shipped", "cancelled"])
async def test_only_confirmed_orders_are_sent(api: Api, company: Company, status: str) -> None:
    order = await ordered(api, company, is_paid=False)
    with api.database.connect("owner") as owner:
        owner.execute("update orders set status = %s", [status])
    problem = assert_problem(await send(api, company, order["id"]), 409, "illegal_transition")
    assert (problem["current_status"], problem["requested_status"]) == (status, "shipped")


async def test_no_unit_is_sent_twice(api: Api, company: Company) -> None:
    order = await ordered(api, company, **{company.sku: 4})
    line_id = order["lines"][0]["id"]
    answers = await asyncio.gather(*(send(api, company, order["id"], {line_id: 3}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert levels(api) == [(97, 1, 96)]
    stranger = await send(api, company, order["id"], {str(uuid4()): 1})
    assert_problem(stranger, 422, "unknown_order_line")


async def test_a_shipment_s_carrier_can_be_corrected(api: Api, company: Company) -> None:
    order = await ordered(api, company)
    [shipment] = (await send(api, company, order["id"], carrier="DHL")).json()["items"]
    path = f"{ORDERS}/{order['id']}/shipments/{shipment['id']}"
    staff = api.token("shop_staff", company)
    body = {"carrier": "UPS", "tracking_number": "1Z", "tracking_url": "https://ups.example.com/1Z"}
    changed = await api.client.patch(path, json=body, headers=staff)
    assert changed.json() == shipment | body
    bad = await api.client.patch(path, json={"tracking_url": "javascript:alert(1)"}, headers=staff)
    assert_problem(bad, 422, "invalid_content")
    refused = await api.client.patch(path, json=body, headers=api.token("customer", company))
    assert_problem(refused, 403, "forbidden")


async def test_orders_are_found_by_parcel_number_and_variant(api: Api, company: Company) -> None:
    wanted = await ordered(api, company)
    await ordered(api, company, is_paid=False)
    await send(api, company, wanted["id"], tracking_number="JD01")
    staff = api.token("shop_staff", company)
    for query, count in (
        ({"tracking_number": "JD01"}, 1),
        ({"tracking_number": "JD02"}, 0),
        ({"order_number": wanted["order_number"]}, 1),
        ({"payment_status": "paid"}, 1),
        ({"variant_id": str(company.variant_id)}, 2),
        ({"variant_id": str(uuid4())}, 0),
    ):
        answer = await api.client.get(ORDERS, params=query, headers=staff)
        found = answer.json()["items"]
        assert len(found) == count, query
        assert count != 1 or found[0]["id"] == wanted["id"]
