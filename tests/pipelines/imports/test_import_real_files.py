"""The real Online Retail II: every row, unit and penny, against queries of the files that share no code."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest

from core.postgres.connect import tenant_transaction
from core.postgres.server import Server
from core.settings import Settings
from pipelines.imports.import_report import ImportReport
from pipelines.imports.online_retail import ImportOptions, run_import
from pipelines.imports.parameters import load_parameters
from pipelines.imports.stable_ids import stable_id
from tests.support.databases import FreshDatabase, fresh_copy

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "online_retail_ii"
FILES = [FOLDER / "online_retail_II_2009_2010.parquet", FOLDER / "online_retail_II_2010_2011.parquet"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the data set is not beside the checkout"),
]

# The rules once more, in SQL: `all` keeps repeats inside a file, and takes rows of both files once.
ROWS = """
create view rows as
with first as (select * from read_parquet('{0}')),
second as (select * from read_parquet('{1}')),
kept as (select * from first union all (select * from second except all select * from first)),
named as (
    select Invoice as invoice, upper(trim(StockCode)) as code, Quantity as units,
        Price::decimal(18, 6) as price, "Customer ID" as customer, left(Invoice, 1) as letter
    from kept
),
coded as (
    select *, code in (
        'POST', 'DOT', 'M', 'C2', 'C3', 'D', 'S', 'B', 'BANK CHARGES', 'AMAZONFEE', 'ADJUST', 'ADJUST2',
        'CRUK', 'PADS', 'TEST001', 'TEST002', 'GIFT'
    ) or code like 'GIFT\\_%' escape '\\' as is_charge,
    max(price) over (partition by invoice) > 0 as is_paid_for
    from named
)
select *, round(units * price, 2) as amount,
    case
        when letter = 'A' then 'bad_debt'
        when is_charge then 'charge'
        when letter = 'C' then 'return'
        when price = 0 and (units < 0 or (customer is null and not is_paid_for)) then 'stock_adjustment'
        else 'sale'
    end as kind
from coded
"""


@dataclass(frozen=True)
class RealImport:
    """The data set in a database of the application, and the report of the import."""

    report: ImportReport
    database: FreshDatabase

    def row(self, query: str) -> tuple[Any, ...]:
        company_id = UUID(stable_id("import|company", "online-retail", 0))
        with self.database.connect("app") as connection, tenant_transaction(connection, company_id):
            return connection.execute(query).fetchall()[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def real(
    database_server: Server, session_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealImport]:
    """Import both files once for all tests of this module."""
    rejects = tmp_path_factory.mktemp("import") / "rejects.csv"
    with fresh_copy(database_server, session_settings) as database:
        with database.connect("app") as connection:
            report = run_import(connection, FILES, ImportOptions(rejects=rejects), load_parameters(None))
        with database.connect("owner") as owner:
            owner.execute("analyze")
        yield RealImport(report, database)


@pytest.fixture(scope="module")
def files() -> Iterator[duckdb.DuckDBPyConnection]:
    """The rows of the files by an independent query."""
    with duckdb.connect() as connection:
        connection.execute(ROWS.format(*FILES))
        yield connection


def test_every_row_is_accounted_for(real: RealImport) -> None:
    report = real.report
    assert (report.rows_read, report.rows_in_both_files, report.rows_rejected) == (1_067_370, 22_523, 0)
    assert sum(total.rows_count for total in report.totals) == 1_044_847
    assert report.is_complete
    assert {total.kind: (total.rows_count, total.units, total.amount) for total in report.totals} == {
        "sale": (1_015_775, 11_258_300, Decimal("19700954.44")),
        "charge": (5_825, 10_431, Decimal("76060.08")),
        "return": (17_973, -469_881, Decimal("-719656.34")),
        "stock_adjustment": (5_268, -357_013, Decimal("0")),
        "bad_debt": (6, 6, Decimal("-147614.08")),
    }


def test_rows_units_and_pence_of_each_kind_equal_an_independent_query(
    real: RealImport, files: duckdb.DuckDBPyConnection
) -> None:
    expected = files.execute(
        "select kind, count(*), sum(units), sum(amount) from rows group by kind"
    ).fetchall()
    assert {kind: (count, int(units), amount) for kind, count, units, amount in expected} == {
        total.kind: (total.rows_count, total.units, total.amount) for total in real.report.totals
    }


def test_tables_hold_what_the_files_hold(real: RealImport, files: duckdb.DuckDBPyConnection) -> None:
    lines, units, pounds, orders, guests = files.execute(
        "select count(*), sum(units), sum(amount), count(distinct invoice),"
        " count(distinct invoice) filter (where customer is null) from rows where kind = 'sale'"
    ).fetchall()[0]
    assert real.row("select count(*), sum(quantity_units), sum(line_amount) from order_lines") == (
        lines,
        units,
        pounds,
    )
    assert real.row(
        "select count(*), count(*) filter (where customer_id is null), sum(subtotal_amount) from orders"
    ) == (
        orders,
        guests,
        pounds,
    )
    charges, money = files.execute(
        "select count(*), sum(amount) from rows where kind in ('charge', 'bad_debt')"
    ).fetchall()[0]
    assert real.row("select count(*), sum(amount) from order_charges") == (charges, money)
    codes, customers = files.execute(
        "select count(distinct code) filter (where kind in ('sale', 'return', 'stock_adjustment')),"
        " count(distinct customer) from rows"
    ).fetchall()[0]
    assert real.row("select (select count(*) from variants), (select count(*) from customers)") == (
        codes,
        customers,
    )


def test_returns_add_up_whether_matched_cancelled_or_not(
    real: RealImport, files: duckdb.DuckDBPyConnection
) -> None:
    report = real.report
    assert report.returns_matched + report.returns_partly_matched + report.returns_unmatched == 17_973
    assert (report.returns_matched, report.returns_partly_matched, report.returns_unmatched) == (
        15_932,
        117,
        1_924,
    )
    (units,) = files.execute("select -sum(units) from rows where kind = 'return'").fetchall()[0]
    returned, cancelled, on_lines = real.row(
        "select (select sum(quantity_units) from order_return_lines),"
        " (select sum(cancelled_units) from order_lines), (select sum(returned_units) from order_lines)"
    )
    assert returned + cancelled == units
    assert cancelled == report.units_cancelled_same_day
    assert real.row("select sum(quantity_units) from order_return_lines where order_line_id is not null") == (
        on_lines,
    )


def test_no_return_without_an_earlier_sale_is_called_matched(real: RealImport) -> None:
    assert real.row(
        """select count(*) from order_return_lines as line
        join order_returns as back on back.company_id = line.company_id and back.id = line.order_return_id
        join order_lines as sold on sold.company_id = line.company_id and sold.id = line.order_line_id
        join orders on orders.company_id = sold.company_id and orders.id = sold.order_id
        where orders.placed_at >= back.returned_at or orders.customer_id <> back.customer_id
        or sold.variant_id <> line.variant_id or sold.returned_units > sold.quantity_units"""
    ) == (0,)


def test_the_largest_mistake_of_the_data_set_is_a_cancellation(real: RealImport) -> None:
    assert real.row(
        "select quantity_units, cancelled_units, orders.status from order_lines"
        " join orders on orders.company_id = order_lines.company_id and orders.id = order_lines.order_id"
        " order by quantity_units desc limit 1"
    ) == (80_995, 80_995, "cancelled")


def test_stock_is_the_sum_of_the_ledger_and_was_never_negative(real: RealImport) -> None:
    assert real.row(
        """select count(*) from stock_levels as level join (
            select variant_id, sum(delta_units) as units, min(balance) as lowest from (
                select variant_id, delta_units,
                    sum(delta_units) over (
                        partition by variant_id order by occurred_at, delta_units
                    ) as balance
                from stock_ledger
            ) as moves group by variant_id
        ) as ledger on ledger.variant_id = level.variant_id
        where level.on_hand_units <> ledger.units or ledger.lowest < 0"""
    ) == (0,)
    assert real.row("select bool_and(is_assumed) from stock_ledger where reason = 'opening'") == (True,)


def test_importing_again_adds_nothing(real: RealImport) -> None:
    with real.database.connect("app") as connection:
        report = run_import(connection, FILES, ImportOptions(), load_parameters(None))
    assert (report.rows_already_imported, report.written, report.is_complete) == (1_044_847, {}, True)
    assert real.row("select count(*) from order_lines") == (1_015_775,)
