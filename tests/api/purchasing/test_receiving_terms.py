"""Restock orders in full: tolerance, closing short, lateness, versions, documents, receipts, performance."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.purchasing import rules
from api.purchasing.performance import SentLine, days_between, lead_times, on_time_ratio
from core.ids import new_id
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

ORDERS = "/api/v1/restock-orders"


async def post(api: Api, company: Company, path: str, body: Any = None, **headers: str) -> httpx.Response:
    credential = api.token("company_admin", company)
    return await api.client.post(
        path, json=body, headers=credential | {"Idempotency-Key": str(uuid4())} | headers
    )


async def get(api: Api, company: Company, path: str, role: str = "buyer") -> httpx.Response:
    return await api.client.get(path, headers=api.token(role, company))


async def change(
    api: Api, company: Company, path: str, body: Any, if_match: str = "*", method: str = "PATCH"
) -> httpx.Response:
    headers = api.token("company_admin", company) | {"If-Match": if_match}
    return await api.client.request(method, path, json=body, headers=headers)


async def draft(api: Api, company: Company, units: int = 20, **fields: Any) -> dict[str, Any]:
    body = {
        "supplier_id": str(company.supplier_id),
        "location_id": str(company.location_id),
        "lines": [{"variant_id": str(company.variant_id), "ordered_units": units}],
    }
    answer = await post(api, company, ORDERS, body | fields)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def sent(api: Api, company: Company, units: int = 20, **fields: Any) -> dict[str, Any]:
    order = await draft(api, company, units, **fields)
    for step in ("approve", "send"):
        assert (await post(api, company, f"{ORDERS}/{order['id']}/{step}")).status_code == 200
    return order


async def receive(
    api: Api, company: Company, order: dict[str, Any], units: int, **fields: Any
) -> httpx.Response:
    line = {"line_id": order["lines"][0]["id"], "received_units": units}
    return await post(api, company, f"{ORDERS}/{order['id']}/receive", {"lines": [line]} | fields)


async def put_terms(api: Api, company: Company, **terms: Any) -> httpx.Response:
    path = f"/api/v1/suppliers/{company.supplier_id}/products/{company.variant_id}"
    return await change(api, company, path, {"unit_cost_amount": "6.00"} | terms, method="PUT")


async def test_a_company_s_tolerance_lets_a_little_more_come(api: Api, company: Company) -> None:
    order = await sent(api, company)
    refused = assert_problem(await receive(api, company, order, 21), 409, "over_receipt")
    assert refused["lines"][0]["acceptable_units"] == 20
    settings = f"/api/v1/companies/{company.id}/settings"
    changed = await change(api, company, settings, {"over_receipt_percent": "12.50"})
    assert changed.json()["over_receipt_percent"] == "12.50", changed.text
    assert_problem(await receive(api, company, order, 23), 409, "over_receipt")
    took = await receive(api, company, order, 22)
    assert (took.json()["status"], took.json()["lines"][0]["received_units"]) == ("received", 22)
    assert api.scalar("select on_hand_units from stock_levels") == 122


async def test_an_order_is_closed_short_of_what_has_not_come(api: Api, company: Company) -> None:
    order = await sent(api, company)
    await receive(api, company, order, 5)
    closed = await post(api, company, f"{ORDERS}/{order['id']}/close-short", {"reason": "sold out there"})
    assert (closed.json()["status"], closed.json()["closing_reason"]) == ("closed_short", "sold out there")
    assert closed.json()["closed_at"] is not None
    assert_problem(await receive(api, company, order, 1), 409, "illegal_transition")
    waiting = await draft(api, company)
    refused = await post(api, company, f"{ORDERS}/{waiting['id']}/close-short", {"reason": "no"})
    assert_problem(refused, 409, "illegal_transition")


async def test_an_order_is_late_when_its_day_has_passed_and_not_all_is_here(
    api: Api, company: Company
) -> None:
    past = (utc_now().date() - timedelta(days=3)).isoformat()
    late = await sent(api, company, expected_date=past)
    await draft(api, company, expected_date=past)
    read = (await get(api, company, f"{ORDERS}/{late['id']}")).json()
    assert (read["is_late"], read["days_late"] in (2, 3, 4)) == (True, True)
    listed = (await get(api, company, f"{ORDERS}?is_late=true")).json()["items"]
    assert [row["id"] for row in listed] == [late["id"]]
    await receive(api, company, late, 20)
    assert (await get(api, company, f"{ORDERS}?is_late=true")).json()["items"] == []


async def test_a_quantity_is_raised_to_minimum_and_packs_when_asked_with_a_warning(
    api: Api, company: Company
) -> None:
    breaks = [{"min_units": 30, "unit_cost_amount": "4.00"}]
    terms = await put_terms(api, company, moq_units=10, pack_units=6, price_breaks=breaks)
    assert terms.status_code == 200, terms.text
    await change(api, company, f"/api/v1/suppliers/{company.supplier_id}", {"minimum_order_amount": "500.00"})
    order = await draft(api, company, 20, quantity_rule="round_up")
    (line,) = order["lines"]
    assert (line["requested_units"], line["ordered_units"], line["line_amount"]) == (20, 24, "144.00")
    assert [(one["code"], one["line_number"]) for one in order["warnings"]] == [
        ("below_minimum_order", None),
        ("quantity_rounded_up", 1),
        ("cheaper_with_more", 1),
    ]
    more = await draft(api, company, 29, quantity_rule="round_up")
    assert (more["lines"][0]["ordered_units"], more["total_amount"]) == (30, "120.00")


async def test_a_draft_s_lines_change_by_version_and_later_only_its_date_and_note(
    api: Api, company: Company
) -> None:
    order = await draft(api, company)
    path = f"{ORDERS}/{order['id']}"
    etag = (await get(api, company, path)).headers["ETag"]
    lines = [{"variant_id": str(company.variant_id), "ordered_units": 7}]
    changed = await change(api, company, path, {"lines": lines, "note": "By rail"}, etag)
    assert (changed.json()["total_amount"], changed.json()["note"]) == ("42.00", "By rail")
    assert [line["ordered_units"] for line in changed.json()["lines"]] == [7]
    assert_problem(await change(api, company, path, {"note": "x"}, etag), 412, "stale_version")
    unnamed = await api.client.patch(path, json={"note": "x"}, headers=api.token("company_admin", company))
    assert_problem(unnamed, 428, "version_required")
    await post(api, company, f"{path}/approve")
    assert_problem(await change(api, company, path, {"lines": lines}), 409, "restock_order_fixed")
    moved = await change(api, company, path, {"expected_date": "2030-01-05"})
    assert moved.json()["expected_date"] == "2030-01-05"
    await post(api, company, f"{path}/cancel", {"reason": "no"})
    assert_problem(await change(api, company, path, {"note": "late"}), 409, "restock_order_fixed")


@pytest.mark.parametrize("supplier_sku", ["=1+1", "＝1", "'=1", '"=1"'])
async def test_no_cell_of_a_restock_order_is_a_formula(api: Api, company: Company, supplier_sku: str) -> None:
    await put_terms(api, company, supplier_sku=supplier_sku)
    order = await draft(api, company)
    text = await get(api, company, f"{ORDERS}/{order['id']}/document?format=csv")
    (row,) = csv.DictReader(io.StringIO(text.text))
    assert row["supplier_sku"] == f"'{supplier_sku}"


async def test_the_supplier_gets_a_pdf_and_a_csv(api: Api, company: Company) -> None:
    await put_terms(api, company, supplier_sku="=1+1")
    order = await draft(api, company, note="Mind the *dog* #[1]")
    pdf = await get(api, company, f"{ORDERS}/{order['id']}/document")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    text = await get(api, company, f"{ORDERS}/{order['id']}/document?format=csv")
    (row,) = csv.DictReader(io.StringIO(text.text))
    assert (row["ordered_units"], row["line_amount"], row["supplier_sku"]) == ("20", "120.00", "'=1+1")
    assert order["restock_number"] in text.headers["content-disposition"]


async def test_receipts_are_listed_with_their_lines(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme, bolt = two_companies
    order = await sent(api, acme)
    for units in (8, 12):
        assert (await receive(api, acme, order, units, note=f"{units} boxes")).status_code == 200
    path = f"{ORDERS}/receipts"
    first = (await get(api, acme, f"{path}?limit=1")).json()
    rest = (await get(api, acme, f"{path}?limit=1&cursor={first['next_cursor']}")).json()
    assert [row["lines"][0]["received_units"] for row in first["items"] + rest["items"]] == [12, 8]
    assert first["items"][0]["supplier_name"] == "Supplier"
    assert (await get(api, acme, f"{path}?supplier_id={new_id()}")).json()["items"] == []
    assert (await get(api, bolt, path)).json()["items"] == []
    assert (await get(api, acme, path, role="shop_staff")).status_code == 403


async def test_a_supplier_is_archived_when_nothing_is_open_there(api: Api, company: Company) -> None:
    path = f"/api/v1/suppliers/{company.supplier_id}"
    order = await draft(api, company)
    refused = assert_problem(
        await change(api, company, path, None, method="DELETE"), 409, "supplier_has_open_orders"
    )
    assert refused["restock_numbers"] == [order["restock_number"]]
    await post(api, company, f"{ORDERS}/{order['id']}/cancel", {"reason": "no"})
    archived = await change(api, company, path, None, method="DELETE")
    assert archived.json()["archived_at"] is not None
    assert (await get(api, company, "/api/v1/suppliers")).json()["items"] == []
    everyone = await get(api, company, "/api/v1/suppliers?include_archived=true")
    assert len(everyone.json()["items"]) == 1
    assert (await get(api, company, f"{path}/products")).json()["items"] == []
    body = {"supplier_id": str(company.supplier_id), "location_id": str(company.location_id)}
    line = {"variant_id": str(company.variant_id), "ordered_units": 1}
    assert_problem(await post(api, company, ORDERS, body | {"lines": [line]}), 422, "unknown_reference")


async def test_terms_change_by_version_and_one_supplier_is_preferred(api: Api, company: Company) -> None:
    created = await post(api, company, "/api/v1/suppliers", {"code": "TWO", "name": "Two", "currency": "EUR"})
    second = f"/api/v1/suppliers/{created.json()['id']}/products/{company.variant_id}"
    first = f"/api/v1/suppliers/{company.supplier_id}/products/{company.variant_id}"
    terms = {"unit_cost_amount": "5.00", "is_preferred": True}
    admin = api.token("company_admin", company)
    made = await api.client.put(second, json=terms, headers=admin)
    assert made.status_code == 200, made.text
    assert_problem(await api.client.put(second, json=terms, headers=admin), 428, "version_required")
    assert (await put_terms(api, company, is_preferred=True)).json()["is_preferred"] is True
    assert (await get(api, company, second)).json()["is_preferred"] is False
    stale = await change(api, company, second, terms, made.headers["ETag"], "PUT")
    assert_problem(stale, 412, "stale_version")
    offering = await get(api, company, f"/api/v1/suppliers?variant_id={company.variant_id}")
    assert [row["code"] for row in offering.json()["items"]] == ["SUP-1", "TWO"]
    twice = [{"min_units": 5, "unit_cost_amount": "1.00"}] * 2
    assert_problem(await put_terms(api, company, price_breaks=twice), 422, "invalid_content")
    assert (await change(api, company, first, None, method="DELETE")).status_code == 204
    assert_problem(await get(api, company, first), 404, "not_found")


async def test_performance_is_measured_from_what_was_sent_and_came(api: Api, company: Company) -> None:
    path = f"/api/v1/suppliers/{company.supplier_id}/performance"
    nothing = (await get(api, company, path)).json()
    assert (nothing["orders"], nothing["fill_ratio"], nothing["lead_time"]["mean_days"]) == (0, None, None)
    today = utc_now().date()
    order = await sent(api, company, 10, expected_date=(today - timedelta(days=1)).isoformat())
    api.rows("update restock_orders set sent_at = now() - interval '7 days' returning id")
    await receive(api, company, order, 6)
    found = (await get(api, company, path)).json()
    assert (found["orders"], found["open_orders"], found["late_orders"]) == (1, 1, 1)
    assert (found["ordered_units"], found["received_units"], found["fill_ratio"]) == (10, 6, 0.6)
    assert (found["on_time_ratio"], found["lead_time"]["median_days"]) == (0.0, 7)
    assert found["lead_time_working_days"]["median_days"] == 5
    backwards = await get(api, company, f"{path}?from=2026-02-01&to=2026-01-01")
    assert_problem(backwards, 422, "invalid_content")


def test_lead_times_count_each_unit_and_only_working_days() -> None:
    friday = date(2026, 1, 2)
    came = [(date(2026, 1, 5), 3), (date(2026, 1, 9), 1)]
    line = SentLine(new_id(), False, 4, friday, date(2026, 1, 5), came)
    assert lead_times([line], weekdays=range(1, 8)).mean_days == 4.0
    working = lead_times([line], weekdays={1, 2, 3, 4, 5})
    assert (working.median_days, working.p90_days, working.longest_days) == (1, 5, 5)
    assert on_time_ratio([line], today=date(2026, 1, 20)) == 0.75
    assert on_time_ratio([line], today=friday) == 1.0
    assert on_time_ratio([], today=friday) is None


@given(start=st.dates(date(2020, 1, 1), date(2030, 1, 1)), days=st.integers(0, 60), mask=st.integers(1, 127))
def test_days_between_are_those_that_a_calendar_shows(start: date, days: int, mask: int) -> None:
    weekdays = {day for day in range(1, 8) if mask >> (day - 1) & 1}
    shown = [start + timedelta(days=number) for number in range(1, days + 1)]
    expected = sum(day.isoweekday() in weekdays for day in shown)
    assert days_between(start, start + timedelta(days=days), weekdays=weekdays) == expected


@given(moq=st.integers(1, 200), pack=st.integers(1, 50), wanted=st.integers(1, 500))
def test_the_accepted_quantity_is_the_smallest_that_the_supplier_takes(
    moq: int, pack: int, wanted: int
) -> None:
    terms = {"moq_units": moq, "pack_units": pack}
    accepted = rules.accepted_units(terms, wanted)
    assert accepted >= wanted
    assert rules.quantity_problem(terms, accepted) is None
    assert all(rules.quantity_problem(terms, units) for units in range(wanted, accepted))


@pytest.mark.parametrize(
    ("ordered", "received", "percent", "acceptable"),
    [(20, 0, "0", 20), (20, 20, "10", 2), (20, 25, "10", 0), (7, 0, "10", 7), (3, 0, "33.34", 4)],
)
def test_tolerance_is_in_whole_units(ordered: int, received: int, percent: str, acceptable: int) -> None:
    assert rules.acceptable_units(ordered, received, tolerance_percent=Decimal(percent)) == acceptable
