"""What an import tells, or a dry run would do: every row is in one count, and the money adds up."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from core.money import round_amount
from pipelines.imports.shop.acceptance import Accepted
from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.order_facts import OrderFacts
from pipelines.imports.shop.supply import SupplyFacts
from pipelines.imports.shop.typed_tables import TypedTables
from pipelines.imports.shop.values import UNIT_DIGITS

_FIRST_FAULTS = 10
_SAME_REASON = {
    r"of line \d+ again": "again",
    "the SKU .* is unknown": "an unknown SKU",
    "the total is not .*": "the total is not what its parts add up to",
}


@dataclass(frozen=True)
class TableTotal:
    """Rows of one table: ``rows_read = imported + already_there + rejected``, or nothing goes in."""

    table: str
    rows_read: int
    imported: int
    already_there: int
    rejected: int


@dataclass(frozen=True)
class MoneyTotal:
    """What the imported documents of a kind add up to, in one currency."""

    what: str
    documents: int
    units: int
    currency: str
    amount: Decimal


@dataclass(frozen=True)
class Fault:
    """A row that was rejected."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class HistoryReport:
    """The outcome of an import; of a dry run, what it would be."""

    company: str
    is_new_company: bool
    is_dry_run: bool
    rows_read: int
    rows_imported: int
    rows_already_there: int
    rows_rejected: int
    rejects_file: str | None
    first_at: datetime | None
    last_at: datetime | None
    counted_opening_units: int
    assumed_opening_units: int
    difference_units: int
    """Units that neither moves nor openings explain, where stock was counted."""
    seconds: float
    tables: tuple[TableTotal, ...]
    money: tuple[MoneyTotal, ...]
    sources: dict[str, int]
    columns_not_used: dict[str, str]
    reasons: dict[str, int]
    """Rejected rows by table and reason."""
    first_faults: tuple[Fault, ...]
    written: dict[str, int]
    """New rows by table of the database; empty in a dry run."""

    @property
    def is_complete(self) -> bool:
        """Whether every row read is in exactly one of the counts."""
        return self.rows_read == self.rows_imported + self.rows_already_there + self.rows_rejected


def total_tables(read: TypedTables, accepted: Accepted) -> tuple[TableTotal, ...]:
    """Count the rows of each table that was read."""
    refused = dict(accepted.tables.rejects.group_by("table").len().iter_rows())
    return tuple(
        TableTotal(
            name,
            rows_read,
            accepted.tables.rows[name].height,
            accepted.already_there.get(name, 0),
            refused.get(name, 0),
        )
        for name, rows_read in read.rows_read.items()
    )


def total_money(
    facts: OrderFacts, supply: SupplyFacts, stock: pl.DataFrame, company: ShopCompany
) -> tuple[MoneyTotal, ...]:
    """Add up what goes in."""
    digits = company.amount_digits
    orders, lines, back = facts.orders, facts.lines, facts.back

    def amount(total: object, decimals: int = digits) -> Decimal:
        return Decimal(str(total or 0)).scaleb(-decimals)

    totals = [
        MoneyTotal("orders, to be paid", orders.height, int(lines["quantity_units"].sum()), company.currency,
                   amount(orders["sum_amount"].sum())),
        MoneyTotal("lines, as priced", lines.height, int(lines["quantity_units"].sum()), company.currency,
                   amount(lines["line_amount"].sum())),
        MoneyTotal("returns, refunded", back["order_return_id"].n_unique(), int(back["returned_units"].sum()),
                   company.currency, amount(back["refund_amount"].sum())),
    ]  # fmt: skip
    bought = supply.orders.join(
        supply.lines.group_by("restock_order_id").agg(units=pl.col("ordered_units").sum()),
        on="restock_order_id",
    )
    by_currency = bought.group_by("currency").agg(
        pl.len(), pl.col("units").sum(), pl.col("total_amount").sum()
    )
    totals += [
        MoneyTotal("purchase orders", count, units, currency, amount(total))
        for currency, count, units, total in by_currency.sort("currency").iter_rows()
    ]
    if stock.height:
        units = int(stock["on_hand_units"].sum())
        value = stock.select((pl.col("on_hand_units") * pl.col("cost_micro").fill_null(0)).sum()).item()
        totals.append(
            MoneyTotal(
                "stock, at cost",
                stock.height,
                units,
                company.currency,
                round_amount(amount(value, UNIT_DIGITS), company.currency),
            )
        )
    return tuple(totals)


def list_faults(rejects: pl.DataFrame) -> tuple[Fault, ...]:
    """Return the first faults, in the order of the files."""
    first = rejects.head(_FIRST_FAULTS)
    return tuple(Fault(*row) for row in first.select("file", "line_number", "reason").iter_rows())


def count_reasons(rejects: pl.DataFrame) -> dict[str, int]:
    """Count the rejected rows by table and reason; numbers of lines and codes in it are left out."""
    plain = (
        pl.col("reason")
        .str.replace(r"of line \d+ again", "again")
        .str.replace("the SKU .* is unknown", "an unknown SKU")
        .str.replace("the total is not .*", "the total is not what its parts add up to")
    )
    counted = rejects.group_by(key=pl.concat_str("table", plain, separator=": ")).len()
    return dict(counted.sort("len", "key", descending=[True, False]).iter_rows())
