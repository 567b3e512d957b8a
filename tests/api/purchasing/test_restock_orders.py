"""Restock orders from draft to receipt, through the API."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def wanted(company: Company, units: int = 20, **change: Any) -> dict[str, Any]:
    line = {"variant_id": str(company.variant_id), "ordered_units": units}
    return {
        "supplier_id": str(company.supplier_id),
        "location_id": str(company.location_id),
        "lines": [line],
        **change,
    }


async def draft(api: Api, company: Company, units: int = 20) -> dict[str, Any]:
    answer = await api.client.post(
        "/api/v1/restock-orders",
        json=wanted(company, units),
        headers=api.token("company_admin", company) | key(),
    )
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def step(
    api: Api,
    company: Company,
    order: dict[str, Any],
    name: str,
    body: Any = None,
    role: str = "company_admin",
) -> httpx.Response:
    return await api.client.post(
        f"/api/v1/restock-orders/{order['id']}/{name}", json=body, headers=api.token(role, company) | key()
    )


async def test_an_order_is_priced_from_the_terms(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    order = await draft(api, acme)
    assert order["status"] == "draft"
    assert order["total_amount"] == "120.00"
    assert order["lines"][0]["unit_cost_amount"] == "6.000000"
    assert order["restock_number"].startswith("RO-")
    assert api.rows("select type from events where aggregate_type = 'restock_order'") == [
        ("restock_order.created",)
    ]


async def test_a_received_order_raises_stock_and_teaches_its_lead_time(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    order = await draft(api, acme)
    assert (await step(api, acme, order, "approve")).json()["status"] == "approved"
    assert (await step(api, acme, order, "send")).json()["sent_at"] is not None
    line_id = order["lines"][0]["id"]

    part = await step(api, acme, order, "receive", {"lines": [{"line_id": line_id, "received_units": 8}]})
    assert part.json()["status"] == "partly_received", part.text
    rest = await step(api, acme, order, "receive", {"lines": [{"line_id": line_id, "received_units": 12}]})
    assert rest.json()["status"] == "received"
    assert rest.json()["lines"][0]["received_units"] == 20

    assert api.scalar("select on_hand_units from stock_levels where company_id = %s", [acme.id]) == 120
    ledger = api.rows(
        "select delta_units, reason, unit_cost_amount::text from stock_ledger"
        " where company_id = %s and reason = 'receipt' order by id",
        [acme.id],
    )
    assert ledger == [(8, "receipt", "6.000000"), (12, "receipt", "6.000000")]
    types = api.rows("select type from events where aggregate_id = %s order by sequence", [order["id"]])
    assert [row[0] for row in types] == [
        "restock_order.created",
        "restock_order.approved",
        "restock_order.sent",
        "restock_order.partly_received",
        "restock_order.received",
    ]


async def test_more_than_is_open_is_not_received(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    order = await draft(api, acme)
    await step(api, acme, order, "approve")
    await step(api, acme, order, "send")
    line_id = order["lines"][0]["id"]
    # Two lines of one receipt are added before they are compared with what is open.
    body = {"lines": [{"line_id": line_id, "received_units": 15}, {"line_id": line_id, "received_units": 6}]}
    problem = assert_problem(await step(api, acme, order, "receive", body), 409, "over_receipt")
    assert problem["lines"] == [{"line_id": line_id, "open_units": 20, "acceptable_units": 20}]
    assert api.scalar("select count(*) from receipts") == 0
    assert api.scalar("select on_hand_units from stock_levels where company_id = %s", [acme.id]) == 100


async def test_a_repeated_receipt_raises_stock_once(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    order = await draft(api, acme)
    await step(api, acme, order, "approve")
    await step(api, acme, order, "send")
    body = {"lines": [{"line_id": order["lines"][0]["id"], "received_units": 5}]}
    headers = api.token("buyer", acme) | key()
    path = f"/api/v1/restock-orders/{order['id']}/receive"
    first = await api.client.post(path, json=body, headers=headers)
    second = await api.client.post(path, json=body, headers=headers)
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert api.scalar("select on_hand_units from stock_levels where company_id = %s", [acme.id]) == 105


ILLEGAL = [
    ([], "send"),
    ([], "receive"),
    (["approve"], "approve"),
    (["approve"], "receive"),
    (["approve", "send"], "approve"),
    (["cancel"], "approve"),
    (["cancel"], "cancel"),
    (["cancel"], "send"),
]


@pytest.mark.parametrize(("before", "name"), ILLEGAL)
async def test_steps_out_of_order_are_refused_by_name(
    api: Api, two_companies: tuple[Company, Company], before: list[str], name: str
) -> None:
    acme, _ = two_companies
    order = await draft(api, acme)
    bodies = {
        "cancel": {"reason": "not needed"},
        "receive": {"lines": [{"line_id": order["lines"][0]["id"], "received_units": 1}]},
    }
    for done in before:
        assert (await step(api, acme, order, done, bodies.get(done))).status_code == 200
    status = api.scalar("select status from restock_orders")
    problem = assert_problem(await step(api, acme, order, name, bodies.get(name)), 409, "illegal_transition")
    assert problem["current_status"] == status
    assert api.scalar("select status from restock_orders") == status


async def test_a_buyer_approves_up_to_their_limit(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    order = await draft(api, acme)
    path = f"/api/v1/restock-orders/{order['id']}/approve"
    for limit in (None, Decimal("119.99")):
        buyer = api.token("buyer", acme, approval_limit_amount=limit)
        answer = await api.client.post(path, headers=buyer | key())
        assert_problem(answer, 403, "approval_limit_exceeded")
    assert api.scalar("select status from restock_orders") == "draft"
    buyer = api.token("buyer", acme, approval_limit_amount=Decimal("120.00"))
    assert (await api.client.post(path, headers=buyer | key())).json()["status"] == "approved"


async def test_minimum_and_pack_count_once_for_a_variant(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    admin = api.token("company_admin", acme)
    terms = {"unit_cost_amount": "6.00", "moq_units": 10, "pack_units": 5}
    await api.client.put(
        f"/api/v1/suppliers/{acme.supplier_id}/products/{acme.variant_id}",
        json=terms,
        headers=admin | {"If-Match": "*"},
    )
    line = {"variant_id": str(acme.variant_id), "ordered_units": 5}
    for lines, code in (([line], "below_moq"), ([line | {"ordered_units": 12}], "not_pack_multiple")):
        answer = await api.client.post(
            "/api/v1/restock-orders", json=wanted(acme, lines=lines), headers=admin | key()
        )
        problem = assert_problem(answer, 422, "quantity_not_accepted")
        assert problem["errors"] == [
            {"pointer": "/lines/0/ordered_units", "code": code, "detail": problem["errors"][0]["detail"]}
        ]
    merged = await api.client.post(
        "/api/v1/restock-orders", json=wanted(acme, lines=[line, line]), headers=admin | key()
    )
    assert [row["ordered_units"] for row in merged.json()["lines"]] == [10]


async def test_price_breaks_price_all_units(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, _ = two_companies
    admin = api.token("company_admin", acme)
    terms = {
        "unit_cost_amount": "6.00",
        "price_breaks": [
            {"min_units": 50, "unit_cost_amount": "5.55"},
            {"min_units": 100, "unit_cost_amount": "5.00"},
        ],
    }
    await api.client.put(
        f"/api/v1/suppliers/{acme.supplier_id}/products/{acme.variant_id}",
        json=terms,
        headers=admin | {"If-Match": "*"},
    )
    assert (await draft(api, acme, 49))["total_amount"] == "294.00"
    assert (await draft(api, acme, 50))["total_amount"] == "277.50"
    assert (await draft(api, acme, 100))["total_amount"] == "500.00"


async def test_what_is_not_offered_or_not_ours_is_refused(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    admin = api.token("company_admin", acme) | key()
    foreign_line = wanted(acme, lines=[{"variant_id": str(bolt.variant_id), "ordered_units": 1}])
    for body, code in (
        (foreign_line, "supplier_does_not_offer"),
        (wanted(acme, supplier_id=str(bolt.supplier_id)), "unknown_reference"),
        (wanted(acme, location_id=str(bolt.location_id)), "unknown_reference"),
        (wanted(acme, lines=[]), "invalid_content"),
        (wanted(acme, units=0), "invalid_content"),
        (wanted(acme, total_amount="1.00"), "invalid_content"),
    ):
        assert_problem(await api.client.post("/api/v1/restock-orders", json=body, headers=admin), 422, code)
    assert api.scalar("select count(*) from restock_orders") == 0
    assert api.scalar("select count(*) from events") == 0


async def test_another_currency_needs_its_rate_and_costs_stock_in_ours(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, _ = two_companies
    api.rows("update suppliers set currency = 'USD' where company_id = %s returning id", [acme.id])
    api.rows("update product_suppliers set currency = 'USD' where company_id = %s returning id", [acme.id])
    admin = api.token("company_admin", acme)
    refused = await api.client.post("/api/v1/restock-orders", json=wanted(acme), headers=admin | key())
    assert_problem(refused, 422, "exchange_rate_required")
    rate = {"exchange_rate": "0.9", "exchange_rate_date": "2026-11-20"}
    made = await api.client.post("/api/v1/restock-orders", json=wanted(acme, **rate), headers=admin | key())
    assert (made.json()["total_amount"], made.json()["total_company_amount"]) == ("120.00", "108.00")
    order = made.json()
    await step(api, acme, order, "approve")
    await step(api, acme, order, "send")
    body = {"lines": [{"line_id": order["lines"][0]["id"], "received_units": 20}]}
    assert (await step(api, acme, order, "receive", body)).json()["status"] == "received"
    cost = api.scalar("select unit_cost_amount::text from stock_ledger where reason = 'receipt'")
    assert cost == "5.400000"


async def test_lists_are_filtered_and_another_company_sees_nothing(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    first, second = await draft(api, acme, 1), await draft(api, acme, 2)
    await step(api, acme, first, "cancel", {"reason": "changed our mind"})
    admin = api.token("company_admin", acme)
    listed = (await api.client.get("/api/v1/restock-orders", headers=admin)).json()
    assert [row["id"] for row in listed["items"]] == [second["id"], first["id"]]
    cancelled = (await api.client.get("/api/v1/restock-orders?status=cancelled", headers=admin)).json()
    assert [row["cancellation_reason"] for row in cancelled["items"]] == ["changed our mind"]
    other = api.token("company_admin", bolt)
    assert (await api.client.get("/api/v1/restock-orders", headers=other)).json()["items"] == []
    path = f"/api/v1/restock-orders/{first['id']}"
    assert_problem(await api.client.get(path, headers=other), 404, "not_found")
    for name in ("approve", "send"):
        assert_problem(await api.client.post(f"{path}/{name}", headers=other | key()), 404, "not_found")
