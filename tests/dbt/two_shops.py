"""A history of two companies in which every rule of the warehouse meets a case that was reckoned by hand.

London sells mugs and lamps, live, without tax in its prices, around the night in which summer time begins.
Tokyo's history was imported and ended in 2011; its yen have no decimals.
"""

from decimal import Decimal
from typing import Any

from tests.dbt.raw_rows import RawRows, day, utc

LONDON, TOKYO = "london", "tokyo"


def two_shops() -> RawRows:
    """Make the rows."""
    rows = RawRows(pulled_at=utc("2025-04-05 09:00"))
    _add_london(rows)
    _add_london_orders(rows)
    _add_london_stock(rows)
    _add_london_purchases(rows)
    _add_tokyo(rows)
    return rows


def _add_london(rows: RawRows) -> None:
    rows.add("companies", id=LONDON, name="London", slug="london", currency="GBP", timezone="Europe/London")
    london = {"company_id": LONDON}
    rows.add("shops", **london, id="web", name="Web shop", slug="web")
    rows.add("locations", **london, id="depot", code="D", name="Depot")
    rows.add("locations", **london, id="store", code="S", name="Store", kind="shop")
    rows.add("shop_locations", **london, shop_id="web", location_id="store", priority=2)
    rows.add("shop_locations", **london, shop_id="web", location_id="depot", priority=1)
    rows.add("customers", **london, id="anna", external_code="A", country="United Kingdom")
    rows.add("categories", **london, id="home", name="Home", slug="home", path="home/", level=0)
    rows.add("categories", **london, id="kitchen", name="Kitchen", slug="kitchen", parent_id="home",
             path="home/kitchen/", level=1)  # fmt: skip
    goods = {**london, "status": "published"}
    rows.add("products", **goods, id="mugs", sku="M", slug="m", name="Mug", category_id="kitchen",
             price_amount=Decimal(14), sale_price_amount=Decimal(12), cost_amount=Decimal(5))  # fmt: skip
    rows.add("products", **goods, id="lamps", sku="L", slug="l", name="Lamp", price_amount=Decimal(20))
    for number, (product, category, since) in enumerate(
        (("mugs", "home", "2025-01-01 00:00"), ("mugs", "kitchen", "2025-03-30 23:30"),
         ("lamps", None, "2025-01-01 00:00"))
    ):  # fmt: skip
        rows.add("product_category_history", **london, id=f"place{number}", product_id=product,
                 category_id=category, valid_from=utc(since))  # fmt: skip
    rows.add("variants", **london, id="mug", product_id="mugs", sku="MUG-OLD")
    rows.add("variants", **london, id="mug", product_id="mugs", sku="MUG", pull=2)
    rows.add("variants", **london, id="lamp", product_id="lamps", sku="LAMP")
    rows.add("variants", **london, id="ghost", product_id="mugs", sku="GHOST")
    rows.add("tombstones", **london, id="t1", table_name="variants", key='{"id": "ghost"}', pull=2)


def _add_london_orders(rows: RawRows) -> None:
    order = {"company_id": LONDON, "shop_id": "web", "currency": "GBP", "placed_by": "customer"}
    first = order | {"id": "o1", "order_number": "O1", "customer_id": "anna"} | {
        "subtotal_amount": Decimal(48), "tax_amount": Decimal("9.60"), "shipping_amount": Decimal("4.95"),
        "total_amount": Decimal("62.55"), "placed_at": utc("2025-03-29 23:30"),
    }  # fmt: skip
    rows.add("orders", **first, status="pending")
    rows.add("orders", **first, status="completed", pull=2)
    # Summer time began on the 30th at 01:00: half past midnight on the 31st in London.
    rows.add("orders", **order, id="o2", order_number="O2", status="shipped",
             subtotal_amount=Decimal("100.01"), tax_amount=Decimal(20), total_amount=Decimal("120.01"),
             placed_at=utc("2025-03-30 23:30"))  # fmt: skip
    rows.add("orders", **order, id="o3", order_number="O3", status="cancelled", customer_id="anna",
             subtotal_amount=Decimal(84), tax_amount=Decimal("16.80"), shipping_amount=Decimal("4.95"),
             total_amount=Decimal("105.75"), placed_at=utc("2025-03-31 10:00"))  # fmt: skip
    _add_line(rows, "o1", "l1", "mug", units=4, price=12, cost=5, fulfilled_units=4)
    _add_line(rows, "o1", "l1", "mug", units=4, price=12, cost=5, fulfilled_units=4, returned_units=1, pull=2)
    _add_line(rows, "o2", "l2", "mug", units=5, price=12, cost=5, fulfilled_units=5)
    _add_line(rows, "o2", "l3", "lamp", units=2, price=20, cost=None, fulfilled_units=1, cancelled_units=1)
    # Half of it lies between two cents: 20.01 went back with the one that was cancelled.
    odd = {"line_amount": Decimal("40.01"), "net_amount": Decimal("40.01"), "gross_amount": Decimal("48.01")}
    rows.change("order_lines", {"id": "l3"}, **odd)
    _add_line(rows, "o3", "l4", "mug", units=7, price=12, cost=5, cancelled_units=7)
    held = {"company_id": LONDON, "owner_type": "order", "status": "consumed"}
    rows.add("reservations", **held, id="h1", owner_id="o1", owner_line_id="l1", variant_id="mug",
             location_id="depot", reserved_units=4)  # fmt: skip
    rows.add("reservations", **held, id="h2", owner_id="o2", owner_line_id="l2", variant_id="mug",
             location_id="depot", reserved_units=3)  # fmt: skip
    rows.add("reservations", **held, id="h3", owner_id="o2", owner_line_id="l2", variant_id="mug",
             location_id="store", reserved_units=2)  # fmt: skip
    rows.add("order_returns", company_id=LONDON, id="r1", order_id="o1", customer_id="anna", shop_id="web",
             status="refunded", refund_amount=Decimal("14.40"),
             returned_at=utc("2025-04-03 23:30"))  # fmt: skip
    rows.add("order_return_lines", company_id=LONDON, id="rl1", order_return_id="r1", order_line_id="l1",
             variant_id="mug", quantity_units=1, unit_price_amount=Decimal(12),
             refund_amount=Decimal("14.40"))  # fmt: skip


def _add_line(
    rows: RawRows, order_id: str, line_id: str, variant: str, *, units: int, price: int, cost: int | None,
    pull: int = 1, **more: int,
) -> None:  # fmt: skip
    net = Decimal(units * price)
    tax = net / 5
    rows.add(
        "order_lines", pull=pull, company_id=LONDON, id=line_id, order_id=order_id, variant_id=variant,
        line_number=int(line_id[1:]), sku=variant.upper(), product_name=variant.title(),
        quantity_units=units, unit_price_amount=Decimal(price),
        unit_cost_amount=None if cost is None else Decimal(cost), line_amount=net, tax_rate=Decimal("0.2"),
        net_amount=net, tax_amount=tax, gross_amount=net + tax, **more,
    )  # fmt: skip


def _add_london_stock(rows: RawRows) -> None:
    for number, (variant, location, reason, units, at) in enumerate(
        [
            ("mug", "depot", "opening", 10, "2025-03-28 00:00"),
            ("mug", "store", "opening", 3, "2025-03-28 00:00"),
            ("lamp", "depot", "opening", 2, "2025-03-30 12:00"),
            ("mug", "depot", "sale", -4, "2025-03-30 09:00"),
            ("mug", "depot", "receipt", 4, "2025-03-31 23:30"),
            ("mug", "depot", "sale", -3, "2025-04-01 08:00"),
            ("mug", "store", "sale", -2, "2025-04-01 08:00"),
            ("lamp", "depot", "sale", -1, "2025-04-01 08:00"),
            ("mug", "depot", "write_off", -7, "2025-04-02 16:00"),
            ("mug", "depot", "return", 1, "2025-04-03 23:30"),
        ]
    ):
        rows.add("stock_ledger", company_id=LONDON, id=f"move{number}", variant_id=variant,
                 location_id=location, reason=reason, delta_units=units, occurred_at=utc(at),
                 is_assumed=variant == "lamp" and reason == "opening")  # fmt: skip
    for variant, location, on_hand, reserved in (
        ("mug", "depot", 1, 0), ("mug", "store", 1, 0), ("lamp", "depot", 1, 3),
    ):  # fmt: skip
        rows.add("stock_levels", company_id=LONDON, variant_id=variant, location_id=location, pull=2,
                 on_hand_units=on_hand, reserved_units=reserved, available_units=on_hand - reserved,
                 allow_backorder=variant == "lamp",
                 stock_status="low_stock" if on_hand > reserved else "out_of_stock")  # fmt: skip


def _add_london_purchases(rows: RawRows) -> None:
    london: dict[str, Any] = {"company_id": LONDON}
    rows.add("suppliers", **london, id="severn", code="SEV", name="Severn", currency="GBP",
             quoted_lead_time_days=7, working_weekdays="12345")  # fmt: skip
    rows.add("product_suppliers", **london, id="ps1", supplier_id="severn", variant_id="mug", currency="GBP",
             unit_cost_amount=Decimal("4.50"), moq_units=6, pack_units=6, is_preferred=True,
             is_assumed=True)  # fmt: skip
    rows.add("restock_orders", **london, id="ro1", restock_number="R1", supplier_id="severn", currency="GBP",
             location_id="depot", status="partly_received", sent_at=utc("2025-03-24 10:00"),
             expected_date=day("2025-03-31"))  # fmt: skip
    rows.add("restock_order_lines", **london, id="rol1", restock_order_id="ro1", variant_id="mug",
             line_number=1, ordered_units=10, received_units=4, unit_cost_amount=Decimal("4.50"),
             line_amount=Decimal(45))  # fmt: skip
    rows.add("receipts", **london, id="rc1", restock_order_id="ro1", location_id="depot",
             received_at=utc("2025-03-31 23:30"))  # fmt: skip
    rows.add("receipt_lines", **london, id="rcl1", receipt_id="rc1", restock_order_line_id="rol1",
             variant_id="mug", received_units=4, unit_cost_amount=Decimal("4.50"))  # fmt: skip


def _add_tokyo(rows: RawRows) -> None:
    rows.add("companies", id=TOKYO, name="Tokyo", slug="tokyo", currency="JPY", timezone="Asia/Tokyo",
             data_origin="import")  # fmt: skip
    tokyo: dict[str, Any] = {"company_id": TOKYO}
    rows.add("shops", **tokyo, id="ginza", name="Ginza", slug="ginza")
    rows.add("locations", **tokyo, id="back", code="B", name="Back room")
    rows.add("shop_locations", **tokyo, shop_id="ginza", location_id="back")
    rows.add("products", **tokyo, id="pens", sku="P", slug="p", name="Pen", status="published",
             price_amount=Decimal(334), cost_amount=Decimal("250.5"), is_assumed=True)  # fmt: skip
    rows.add("product_category_history", **tokyo, id="place", product_id="pens",
             valid_from=utc("2025-01-01 00:00"), is_assumed=True)  # fmt: skip
    rows.add("variants", **tokyo, id="pen", product_id="pens", sku="PEN")
    rows.add("orders", **tokyo, id="o9", order_number="O9", shop_id="ginza", currency="JPY",
             placed_by="import", status="completed", subtotal_amount=Decimal(1000), tax_amount=Decimal(100),
             total_amount=Decimal(1600), shipping_amount=Decimal(500),
             placed_at=utc("2011-12-08 16:00"))  # fmt: skip
    rows.add("order_lines", **tokyo, id="l9", order_id="o9", variant_id="pen", line_number=1, sku="PEN",
             product_name="Pen", quantity_units=3, cancelled_units=1, fulfilled_units=2, returned_units=1,
             unit_price_amount=Decimal("333.333333"), unit_cost_amount=Decimal("250.5"),
             line_amount=Decimal(1000), net_amount=Decimal(1000), tax_amount=Decimal(100),
             gross_amount=Decimal(1100))  # fmt: skip
    rows.add("order_charges", **tokyo, id="c1", order_id="o9", kind="shipping", code="POST",
             unit_amount=Decimal(500), amount=Decimal(500), occurred_at=utc("2011-12-08 16:00"))  # fmt: skip
    rows.add("order_charges", **tokyo, id="c2", kind="bad_debt", code="B", unit_amount=Decimal(-9000),
             amount=Decimal(-9000), occurred_at=utc("2011-12-08 16:00"))  # fmt: skip
    for return_id, status, line, at in (
        ("matched", "refunded", "l9", "2011-12-09 15:00"),
        ("unmatched", "received", None, "2011-12-09 15:00"),
        ("requested", "requested", "l9", "2011-12-20 15:00"),
    ):
        rows.add("order_returns", **tokyo, id=return_id, shop_id="ginza", status=status,
                 external_code=return_id, refund_amount=Decimal(367), returned_at=utc(at))  # fmt: skip
        rows.add("order_return_lines", **tokyo, id=return_id, order_return_id=return_id, order_line_id=line,
                 variant_id="pen", quantity_units=1, unit_price_amount=Decimal(333),
                 refund_amount=Decimal(367))  # fmt: skip
