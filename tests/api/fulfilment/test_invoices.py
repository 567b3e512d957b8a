"""Invoices and credit notes: numbered without a gap, printed once, never changed."""

import asyncio
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from api.fulfilment import issuing
from api.fulfilment.issuing import issue_invoices
from core.postgres.pools import Database
from core.time import utc_now
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company
from tests.support.lifecycle import (
    ORDERS,
    ask_return,
    cancel,
    delivered,
    ordered,
    priced,
    receive,
    send,
    step,
)
from tests.support.payments import refund, run_worker

NUMBERS = "select kind, sequence_number, invoice_number, total_amount::text from invoices order by kind, 2"


async def test_a_paid_order_has_an_invoice_soon_and_as_pdf(
    api: Api, company: Company, database: Database
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set tax_rate = 0.19, contact_email = 'shop@example.com'")
    order = await ordered(api, company, **{company.sku: 2})
    customer = api.token("customer", company)
    path = f"{ORDERS}/{order['id']}/invoice"
    assert_problem(await api.client.get(path, headers=customer), 404, "invoice_not_issued")
    assert await issue_invoices(database, utc_now()) == 1
    assert await issue_invoices(database, utc_now()) == 0
    listed = (await api.client.get(f"{path}s", headers=customer)).json()["items"]
    assert [(one["kind"], one["invoice_number"], one["net_amount"], one["tax_amount"]) for one in listed] == [
        ("invoice", "INV-000001", "20.00", "3.80")
    ]
    assert listed[0]["total_amount"] == order["total_amount"]
    printed = await api.client.get(path, headers=customer)
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.headers["content-disposition"] == 'inline; filename="INV-000001.pdf"'
    assert printed.content.startswith(b"%PDF-")
    same = await api.client.get(path, headers=customer | {"If-None-Match": printed.headers["etag"]})
    assert same.status_code == 304
    again = await api.client.get(f"{path}s/{listed[0]['id']}", headers=customer)
    assert again.content == printed.content


async def test_an_unpaid_order_is_invoiced_when_its_first_goods_leave(
    api: Api, company: Company, database: Database
) -> None:
    order = await ordered(api, company, is_paid=False, **{company.sku: 3})
    assert await issue_invoices(database, utc_now()) == 0
    headers = api.token("shop_staff", company)
    await api.client.patch(f"{ORDERS}/{order['id']}/status", json={"status": "confirmed"}, headers=headers)
    await cancel(api, company, order["id"], {order["lines"][0]["id"]: 1})
    await send(api, company, order["id"])
    assert await issue_invoices(database, utc_now()) == 1
    assert api.rows(NUMBERS) == [("invoice", 1, "INV-000001", "20.00")]


async def test_numbers_have_no_gap_with_twins_of_the_job_and_failures_between(
    api: Api, two_companies: tuple[Company, Company], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, other = two_companies
    for _ in range(4):
        await ordered(api, company)
    await ordered(api, other)
    calls = 0
    real = issuing.render

    def fail_twice(document: Any) -> bytes:
        nonlocal calls
        calls += 1
        if calls in (2, 3):
            raise OSError("no room")
        return real(document)

    monkeypatch.setattr(issuing, "render", fail_twice)
    for _ in range(2):
        with pytest.raises(OSError):
            await issue_invoices(database, utc_now())
    monkeypatch.setattr(issuing, "render", real)
    await asyncio.gather(*(issue_invoices(database, utc_now()) for _ in range(4)))
    rows = api.rows(
        "select company_id, array_agg(sequence_number order by sequence_number) from invoices group by 1"
    )
    assert dict(rows) == {company.id: [1, 2, 3, 4], other.id: [1]}
    assert api.rows("select kind, last_number from invoice_counters order by last_number") == [
        ("invoice", 1),
        ("invoice", 4),
    ]


async def test_credit_notes_correct_the_invoice_to_the_cent(
    api: Api, company: Company, database: Database
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update companies set tax_rate = 0.07, prices_include_tax = true")
    priced(api, company, "ODD", "3.335")
    order = await delivered(api, company, ODD=3)
    line_id = order["lines"][0]["id"]
    for _ in range(3):
        asked = (await ask_return(api, company, order["id"], {line_id: 1})).json()
        await step(api, company, asked["id"], "approve")
        await receive(api, company, asked)
        await step(api, company, asked["id"], "refund")
    await run_worker(api)
    assert await issue_invoices(database, utc_now()) == 4
    assert await issue_invoices(database, utc_now()) == 0
    rows = api.rows("select kind, net_amount, tax_amount, total_amount from invoices order by kind desc, 1")
    invoice, *credits = rows
    assert invoice[0] == "invoice"
    assert [kind for kind, *_ in credits] == ["credit_note"] * 3
    for column in (1, 2, 3):
        assert sum(row[column] for row in credits) == invoice[column]
    assert invoice[3] == Decimal(order["total_amount"])
    assert api.scalar("select count(distinct corrects_invoice_id) from invoices") == 1


async def test_a_refund_of_goodwill_has_a_credit_note_too(
    api: Api, company: Company, database: Database
) -> None:
    order = await ordered(api, company, **{company.sku: 2})
    payment_id = api.scalar("select id::text from payments")
    answer = await refund(
        api, company, payment_id, {"order_id": order["id"], "amount": "5.00", "reason": "late"}
    )
    assert answer.status_code < 300, answer.text
    await run_worker(api)
    assert await issue_invoices(database, utc_now()) == 2
    assert api.rows(NUMBERS) == [
        ("credit_note", 1, "CN-000001", "5.00"),
        ("invoice", 1, "INV-000001", "20.00"),
    ]


async def test_an_invoice_is_immutable(api: Api, company: Company, database: Database) -> None:
    await ordered(api, company)
    await issue_invoices(database, utc_now())
    with api.database.connect("app") as app:
        app.execute("select set_config('app.company_id', %s, false)", [str(company.id)])
        for statement in ("update invoices set total_amount = 0", "delete from invoice_files"):
            with pytest.raises(psycopg.Error):
                app.execute(statement)
            app.rollback()
            app.execute("select set_config('app.company_id', %s, false)", [str(company.id)])
    with api.database.connect("owner") as owner:
        owner.execute("update companies set name = 'Other'")
    assert api.scalar("select document -> 'seller' ->> 'name' from invoices") == "Acme"
