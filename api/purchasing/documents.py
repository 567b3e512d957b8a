"""Restock orders as documents for the supplier: PDF, by the typst template beside this file, and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import typst
from sqlalchemy.ext.asyncio import AsyncConnection

from api.purchasing.queries import get_supplier
from core.cells import marked
from core.money import format_unit_amount

TEMPLATE_FILE = Path(__file__).with_name("restock_order.typ")
COLUMNS = (
    "restock_number", "line_number", "supplier_sku", "sku", "product_name", "ordered_units", "received_units",
    "unit_cost_amount", "line_amount", "currency", "expected_date",
)  # fmt: skip

_PARTIES = sa.text(
    """
    select
        companies.name as buyer_name,
        companies.address as buyer_address,
        companies.contact_email as buyer_email,
        companies.contact_phone as buyer_phone,
        locations.name as location_name,
        locations.address as location_address
    from companies
    inner join locations on companies.id = locations.company_id
    where companies.id = :company_id and locations.id = :location_id
    """
)


async def document_of(
    connection: AsyncConnection, order: Mapping[str, Any], *, company_id: UUID
) -> dict[str, Any]:
    """Gather all that the document says, as text."""
    values = {"company_id": company_id, "location_id": order["location_id"]}
    parties = (await connection.execute(_PARTIES, values)).mappings().one()
    supplier = await get_supplier(connection, order["supplier_id"])
    assert supplier is not None, "a restock order's supplier is never deleted"
    return {
        "number": order["restock_number"],
        "status": order["status"],
        "date": order["created_at"].date().isoformat(),
        "expected_date": None if order["expected_date"] is None else order["expected_date"].isoformat(),
        "note": order["note"],
        "currency": order["currency"],
        "total_amount": str(order["total_amount"]),
        "buyer": {
            "name": parties["buyer_name"],
            "address": parties["buyer_address"],
            "email": parties["buyer_email"],
            "phone": parties["buyer_phone"],
        },
        "supplier": {
            "name": supplier["name"],
            "code": supplier["code"],
            "contact": supplier["contact_name"],
            "address": supplier["address"],
            "email": supplier["contact_email"],
            "phone": supplier["contact_phone"],
        },
        "deliver_to": {"name": parties["location_name"], "address": parties["location_address"]},
        "lines": [
            {
                "number": line["line_number"],
                "sku": line["sku"],
                "supplier_sku": line["supplier_sku"],
                "name": line["product_name"],
                "units": line["ordered_units"],
                "unit_cost": format_unit_amount(line["unit_cost_amount"]),
                "amount": str(line["line_amount"]),
            }
            for line in order["lines"]
        ],
    }


def as_pdf(document: Mapping[str, Any]) -> bytes:
    """Print a document."""
    pdf: bytes = typst.compile(
        TEMPLATE_FILE.read_bytes(), format="pdf", sys_inputs={"document": json.dumps(document)}
    )
    return pdf


def as_csv(order: Mapping[str, Any]) -> str:
    """Write an order's lines, one a row, under their names; no cell is a formula."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for line in order["lines"]:
        rows.writerow([_cell({**order, **line}[name]) for name in COLUMNS])
    return written.getvalue()


def _cell(value: object) -> object:
    return marked(value) if isinstance(value, str) else value
