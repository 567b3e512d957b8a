"""The tables and columns of a shop's history, as `docs/reference/history-layout.md` lists them."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column's values are, and so how they are read and kept.

    Prices and costs of one unit are kept in millionths, amounts in the currency's smallest unit.
    """

    TEXT = "text"
    UNITS = "whole number"
    UNIT_AMOUNT = "price of one unit"
    AMOUNT = "amount"
    RATE = "number"
    INSTANT = "date and time"
    DATE = "date"
    FLAG = "yes or no"


@dataclass(frozen=True)
class Column:
    """A column; ``unit`` and ``meaning`` are for people."""

    name: str
    kind: Kind
    meaning: str
    is_required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of the layout; ``keys`` name a row, ``owner`` is the column of the document it belongs to."""

    name: str
    grain: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column of this name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


ORDER_STATUSES = (
    "pending", "confirmed", "processing", "shipped", "delivered", "completed", "cancelled", "returned",
)  # fmt: skip
MONEY = "the company's currency"
_T, _U, _P, _A, _AT = Kind.TEXT, Kind.UNITS, Kind.UNIT_AMOUNT, Kind.AMOUNT, Kind.INSTANT
_LOCAL = "local time, unless it says its offset"

PRODUCTS = Table(
    "products",
    "One row per variant: what has a price and a stock of its own.",
    ("sku",),
    (
        Column("sku", _T, "Key of the variant.", is_required=True),
        Column("name", _T, "Name of the product.", is_required=True),
        Column("price_amount", _P, "Price now.", is_required=True, unit=MONEY),
        Column("product_sku", _T, "Variants of one product share it; left out: the SKU."),
        Column("variant_name", _T, "What tells it from its siblings: Red, L."),
        Column("category", _T, "Name of its category."),
        Column("brand", _T, "Brand."),
        Column("barcode", _T, "EAN or another code on the package."),
        Column("cost_amount", _P, "What one unit costs to buy.", unit=MONEY),
        Column(
            "supplier",
            _T,
            "Its supplier; left out, or without a cost: as it was bought last.",
        ),
        Column("supplier_sku", _T, "The supplier's number of it."),
        Column("moq_units", _U, "Least order; left out: 1.", unit="units"),
        Column("pack_units", _U, "Units of a package; left out: 1.", unit="units"),
        Column("lead_time_days", _U, "Days from order to arrival, as quoted.", unit="days"),
        Column("is_active", Kind.FLAG, "Whether it is sold now; left out: yes."),
        Column("created_at", _AT, "Sold since; left out: its first move.", unit=_LOCAL),
    ),
)
CUSTOMERS = Table(
    "customers",
    "One row per customer.",
    ("customer",),
    (
        Column("customer", _T, "Key of the customer.", is_required=True),
        Column("email", _T, "E-mail address."),
        Column("first_name", _T, "First name."),
        Column("last_name", _T, "Last name."),
        Column("phone", _T, "Telephone."),
        Column("country", _T, "Country."),
        Column("accepts_marketing", Kind.FLAG, "Whether mail may be sent; left out: no."),
        Column("created_at", _AT, "Customer since; left out: the first order.", unit=_LOCAL),
    ),
)
ORDERS = Table(
    "orders",
    "One row per order.",
    ("order",),
    (
        Column("order", _T, "Number of the order.", is_required=True),
        Column("placed_at", _AT, "When it was placed.", is_required=True, unit=_LOCAL),
        Column("customer", _T, "Key of the customer; empty: a guest."),
        Column("shop", _T, "Code of the shop; left out: the mapping's."),
        Column("location", _T, "Where its goods leave from; left out: the mapping's."),
        Column("status", _T, "Where it stands; left out: `completed`, or `cancelled` with its time.",
               choices=ORDER_STATUSES),
        Column("currency", _T, "ISO code; another than the company's is rejected."),
        Column("shipping_amount", _A, "Charged for shipping; left out: 0.", unit=MONEY),
        Column("discount_amount", _A, "Discount on the whole order, beside its lines' own.", unit=MONEY),
        Column("total_amount", _A, "What was to be paid; if given, the parts must add up to it.", unit=MONEY),
        Column("confirmed_at", _AT, "When it was paid or accepted.", unit=_LOCAL),
        Column("shipped_at", _AT, "When the goods left; left out: when it was placed.", unit=_LOCAL),
        Column("delivered_at", _AT, "When they arrived.", unit=_LOCAL),
        Column("cancelled_at", _AT, "When it was cancelled.", unit=_LOCAL),
        Column("country", _T, "Country it goes to."),
    ),
)  # fmt: skip
LINES = Table(
    "lines",
    "One row per line of an order.",
    ("order", "line_number"),
    (
        Column("order", _T, "Number of the order.", is_required=True),
        Column("sku", _T, "Variant that was sold.", is_required=True),
        Column("quantity_units", _U, "Units sold, above zero.", is_required=True, unit="units"),
        Column("unit_price_amount", _P, "Price of one unit.", is_required=True, unit=MONEY),
        Column("line_number", _U, "Place in the order; left out: the order of the rows."),
        Column("discount_amount", _A, "Discount on the line; left out: 0.", unit=MONEY),
        Column("tax_rate", Kind.RATE, "Tax; left out: the mapping's.", unit="percent"),
        Column("unit_cost_amount", _P, "What one unit had cost; left out: the product's.", unit=MONEY),
        Column("returned_units", _U, "Units that came back; left out: 0, all of a `returned` order.",
               unit="units"),
        Column("returned_at", _AT, "When; left out: when delivered, shipped or placed.", unit=_LOCAL),
    ),
)  # fmt: skip
STOCK = Table(
    "stock",
    "One row per variant and location: what lies there.",
    ("sku", "location"),
    (
        Column("sku", _T, "Variant.", is_required=True),
        Column("on_hand_units", _U, "Units on the shelf, promised ones too.", is_required=True, unit="units"),
        Column("location", _T, "Code of the location; left out: the mapping's."),
        Column("counted_at", _AT, "As of when; left out: after the last move in the files.", unit=_LOCAL),
        Column("low_stock_threshold_units", _U, "Low from here on; left out: 10.", unit="units"),
    ),
)  # fmt: skip
PURCHASE_ORDERS = Table(
    "purchase_orders",
    "One row per line and receipt: a line that came in two parts has two rows.",
    ("purchase_order", "line_number", "received_at"),
    (
        Column("purchase_order", _T, "Number of the purchase order.", is_required=True),
        Column("supplier", _T, "Code of the supplier.", is_required=True),
        Column("sku", _T, "Variant.", is_required=True),
        Column("ordered_at", _AT, "When it was sent to the supplier.", is_required=True, unit=_LOCAL),
        Column("ordered_units", _U, "Units of the line, the same in all its rows.", is_required=True,
               unit="units"),
        Column("unit_cost_amount", _P, "Cost of one unit.", is_required=True, unit="the order's currency"),
        Column("line_number", _U, "Line of the order; left out: lines are told apart by SKU."),
        Column("location", _T, "Where it goes; left out: the mapping's."),
        Column("currency", _T, "ISO code; left out: the company's."),
        Column("exchange_rate", Kind.RATE, "Company's currency for one of the order's, if they differ."),
        Column("expected_date", Kind.DATE, "When it was expected."),
        Column("received_at", _AT, "When these units came; empty: not yet.", unit=_LOCAL),
        Column("received_units", _U, "Units that came then; left out: all of the line.", unit="units"),
        Column("closed_at", _AT, "When the rest was given up.", unit=_LOCAL),
    ),
)  # fmt: skip
TABLES = {table.name: table for table in (PRODUCTS, CUSTOMERS, ORDERS, LINES, STOCK, PURCHASE_ORDERS)}
