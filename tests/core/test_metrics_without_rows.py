"""What a figure is where its table has no row: zero or unknown, and never null in a field that can't be."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import duckdb
import pytest

from api.analytics import customer_schemas, inventory_schemas, sales_schemas
from api.schemas import OutputModel
from core.metrics.ask import ask
from core.metrics.period import Period
from core.metrics.registry import METRICS
from core.metrics.sources import known_dimensions
from core.published import BuildInfo, Snapshot
from tests.support.published import contract_columns

READ_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = Period(date(2026, 11, 16), date(2026, 11, 18))


@pytest.fixture
def snapshot() -> Iterator[Snapshot]:
    """The serving tables with one sale and one receipt, and no stock."""
    build = BuildInfo(build_id="b", built_at=READ_AT, horizon_at=READ_AT, feed_pull_id="p")
    with duckdb.connect() as connection:
        for table, columns in contract_columns().items():
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table {table} ({listed})")
        connection.execute("insert into srv_company (company_id, timezone) values ('c', 'UTC')")
        connection.execute(
            "insert into srv_products (product_id, variant_id, category_id) values ('mug', 'mug-s', 'cups')"
        )
        connection.execute(
            "insert into srv_product_sales_daily (product_id, variant_id, sales_date, net_sales_amount)"
            " values ('mug', 'mug-s', '2026-11-17', 12)"
        )
        connection.execute(
            "insert into srv_purchase_receipts (location_id, variant_id, received_date, received_units)"
            " values ('hall', 'mug-s', '2026-11-17', 4)"
        )
        yield Snapshot(build, connection)


@pytest.mark.parametrize(
    ("by", "measure", "known"),
    [("category", "net_sales_amount", Decimal("12.00")), ("location", "purchased_units", 4)],
)
def test_what_never_had_stock_has_a_mean_of_zero_beside_its_other_figures(
    snapshot: Snapshot, by: str, measure: str, known: object
) -> None:
    measures = (measure, "average_stock_amount", "average_stock_units", "stock_units", "lead_time_days")
    measures = measures if by == "location" else measures[:-1]
    (row,) = ask(snapshot, measures=measures, dimensions=(by,), period=DAYS).rows
    assert [row[name] for name in measures[:4]] == [known, Decimal("0.00"), 0, 0]
    assert row.get("lead_time_days") is None


def _figures_that_are_never_null() -> list[str]:
    """Name the figures that stand in the API's answers in fields which can't be null."""
    models = [
        model
        for module in (customer_schemas, inventory_schemas, sales_schemas)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, OutputModel)
    ]
    fields = {
        name: field
        for model in models
        for name, field in model.model_fields.items()
        if name in METRICS and type(None) not in get_args(field.annotation)
    }
    return sorted(fields)


def test_a_figure_of_a_field_that_is_never_null_has_a_value_without_rows(snapshot: Snapshot) -> None:
    names = _figures_that_are_never_null()
    assert len(names) > 30
    nowhere = Period(date(2020, 1, 1), date(2020, 1, 2))
    for name in names:
        by_day = ("day",) if "day" in known_dimensions(name) else ()
        answer = ask(snapshot, measures=(name,), dimensions=by_day, period=nowhere)
        values = [row[name] for row in (answer.totals, *answer.rows)]
        assert None not in values, name
