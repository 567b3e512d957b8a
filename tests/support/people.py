"""A person's rows in every table that knows people, each personal column holding a mark of the person."""

import csv
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from core.ids import new_id
from tests.support.companies import Company

DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "personal-data.csv"
Owner = psycopg.Connection[tuple[Any, ...]]


def decisions() -> dict[tuple[str, str], str]:
    """Return what is decided for each column, by table and column."""
    with DECISIONS.open(newline="", encoding="utf-8") as file:
        return {(row["table"], row["column"]): row["decision"] for row in csv.DictReader(file)}


def mark_of(table: str, column: str, name: str) -> str:
    """Return what stands in a personal column of the person called ``name``: it contains the name."""
    if column in ("shipping_address", "billing_address"):
        return json.dumps({"full_name": name, "country": "DE"})
    if column in ("preferences", "destination", "metadata"):
        return json.dumps({"city": name})
    if column == "images":
        return json.dumps([name])
    if column in ("email", "buyer_mailbox"):
        return f"{name}@example.com"
    if column == "scope":
        return f"POST place_order {name}"
    return name


def add_person(owner: Owner, company: Company, name: str) -> dict[str, UUID]:
    """Write an account, a customer, and one finished purchase with everything that hangs on it."""
    ids = {
        table: new_id()
        for table in (
            "users", "customers", "orders", "carts", "checkouts", "payments", "payment_refunds",
            "order_returns", "reviews", "wishlists", "coupons", "shipments",
        )
    }  # fmt: skip
    c = company.id
    [(method_id,)] = owner.execute(
        "insert into payment_methods (company_id, code, name) values (%s, 'credit_card', 'Card')"
        " on conflict (company_id, code) do update set name = excluded.name returning id",
        [c],
    ).fetchall()
    digits = str(ids["users"].int % 10**9).zfill(9)
    person = {"customer_id": ids["customers"]}
    goods = {"currency": "EUR", "shop_id": company.shop_id}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("users", {"id": ids["users"], "phone": f"+49{digits}"}),
        ("sessions", {
            "family_id": new_id(), "user_id": ids["users"], "company_id": c,
            "refresh_token_sha256": ids["users"].bytes, "expires_at": "2099-01-01",
        }),
        ("customers", {"id": ids["customers"], "user_id": ids["users"], "phone": f"+49{digits}"}),
        ("carts", {"id": ids["carts"], **person, "expires_at": "2099-01-01"}),
        ("saved_items", {
            **person, "shop_id": company.shop_id, "variant_id": company.variant_id, "quantity_units": 1,
            "unit_price_amount": 1,
        }),
        ("checkouts", {
            "id": ids["checkouts"], "cart_id": ids["carts"], **person, "currency": "EUR", "amount": 10,
            "expires_at": "2099-01-01",
        }),
        ("orders", {
            "id": ids["orders"], **person, **goods, "order_number": f"ORD-{name}"[:3] + digits,
            "placed_by": "customer", "subtotal_amount": 10, "total_amount": 10, "status": "completed",
        }),
        ("order_history", {"order_id": ids["orders"], "to_status": "pending"}),
        ("order_cancellations", {
            "order_id": ids["orders"], "currency": "EUR", "goods_amount": 0, "shipping_amount": 0,
            "total_amount": 0, "occurred_at": "2026-01-01",
        }),
        ("shipments", {
            "id": ids["shipments"], "order_id": ids["orders"], "location_id": company.location_id,
            "shipment_number": digits, "shipped_at": "2026-01-01",
        }),
        ("shipment_events", {
            "shipment_id": ids["shipments"], "status": "in_transit", "occurred_at": "2026-01-01",
        }),
        ("payments", {
            "id": ids["payments"], "transaction_number": digits, "source_id": ids["checkouts"], **person,
            "payment_method_id": method_id, "provider": "local", "currency": "EUR",
            "amount": 10,
        }),
        ("payment_allocations", {
            "payment_id": ids["payments"], "order_id": ids["orders"], "shop_id": company.shop_id,
            "amount": 10,
        }),
        ("payment_refunds", {
            "id": ids["payment_refunds"], "payment_id": ids["payments"], "order_id": ids["orders"],
            "key": digits, "amount": 1, "currency": "EUR",
        }),
        ("payment_details", {"payment_id": ids["payments"]}),
        ("payment_operations", {
            "payment_id": ids["payments"], "kind": "capture", "status": "succeeded", "amount": 10,
            "claimed_until": "2020-01-01",
        }),
        ("saved_payment_methods", {
            **person, "payment_method_id": method_id, "provider": "local",
            "card_last_four": digits[:4],
        }),
        ("order_returns", {
            "id": ids["order_returns"], "order_id": ids["orders"], **person, "shop_id": company.shop_id,
            "returned_at": "2026-01-01",
        }),
        ("order_return_lines", {
            "order_return_id": ids["order_returns"], "variant_id": company.variant_id, "quantity_units": 1,
            "unit_price_amount": 1, "refund_amount": 1,
        }),
        ("coupons", {"id": ids["coupons"], "code": digits, "kind": "percentage", "value": 10}),
        ("coupon_redemptions", {
            "coupon_id": ids["coupons"], **person, "code": digits, "kind": "percentage",
        }),
        ("reviews", {
            "id": ids["reviews"], "product_id": company.product_id, **person, "rating": 5, "title": "Fine",
        }),
        ("review_reports", {"review_id": ids["reviews"], **person, "reason": "spam"}),
        ("wishlists", {"id": ids["wishlists"], **person, "is_public": True}),
        ("wishlist_items", {"wishlist_id": ids["wishlists"], "product_id": company.product_id}),
        ("product_views", {"product_id": company.product_id, **person, "viewed_at": "2026-01-01"}),
        ("media", {
            **person, "kind": "review", "sha256": digits, "content_type": "image/png", "size_bytes": 1,
            "width_pixels": 1, "height_pixels": 1, "storage_key": f"{c}/{digits}.png",
        }),
        ("idempotency_keys", {
            "key": digits, "request_sha256": b"", "status_code": 201, "resource_id": ids["orders"],
        }),
    ]  # fmt: skip
    for table, row in rows:
        _insert(owner, table, _marked(table, row, company, name))
    return ids


def _marked(table: str, row: dict[str, Any], company: Company, name: str) -> dict[str, Any]:
    marks = {
        column: mark_of(table, column, name)
        for (marked_table, column), decision in decisions().items()
        if marked_table == table and decision in ("erased", "deleted")
    }
    for bytes_or_key in ("session_sha256", "key", "request_sha256", "provider"):
        marks.pop(bytes_or_key, None)
    tenant = {} if table in ("users", "sessions") else {"company_id": company.id}
    return marks | tenant | row


def _insert(owner: Owner, table: str, row: dict[str, Any]) -> None:
    columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
    owner.execute(f"insert into {table} ({columns}) values ({places})", list(row.values()))
