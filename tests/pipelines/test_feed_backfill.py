"""Reading one table or one company anew: what was lost or left over is right again, nothing is doubled."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import UsageError
from core.lake import commit_manifest, manifest_file, raw_folder
from core.runs import list_runs
from pipelines.backfill import backfill
from pipelines.feed.errors import FeedError, FeedSchemaError
from pipelines.feed.reread import Reread
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Connection, Lake, expected_totals, set_status, write_order
from tests.support.kill_points import run_until_killed

TABLE = Reread(table="orders")
COMPANY = Reread(company="acme")
_CURRENT = "id, status, row_xid"
_SOURCE = "select id::text, status, row_xid::text::bigint from orders"


@pytest.fixture
def owner(fresh_database: FreshDatabase) -> Iterator[Connection]:
    with fresh_database.connect("owner") as connection:
        yield connection


def damage(lake: Lake, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the first segment of the orders, as a fault would."""
    table = lake.table("orders")
    file = raw_folder(lake.settings) / table.segments[0].file
    damaged = change(pq.read_table(file))
    pq.write_table(damaged, file, store_decimal_as_integer=True)
    segments = (table.segments[0].model_copy(update={"rows": damaged.num_rows}), *table.segments[1:])
    tables = tuple(
        one.model_copy(update={"segments": segments}) if one.name == "orders" else one
        for one in lake.manifest.tables
    )
    commit_manifest(lake.settings, lake.manifest.model_copy(update={"tables": tables}))


def lose_a_row_and_keep_a_ghost(table: pa.Table) -> pa.Table:
    """One row is gone; another has a twin that the source does not know."""
    position = table.schema.get_field_index("id")
    ghost = table.slice(1, 1)
    ghost = ghost.set_column(position, "id", pa.array(["00000000-0000-7000-8000-00000000dead"]))
    return pa.concat_tables([table.slice(1), ghost])


@pytest.mark.parametrize("wanted", [TABLE, COMPANY], ids=["table", "company"])
def test_what_was_lost_or_left_over_is_as_in_the_source_again(
    lake: Lake, owner: Connection, two_companies: tuple[Company, Company], wanted: Reread
) -> None:
    acme, bolt = two_companies
    first = write_order(owner, acme)
    write_order(owner, acme)
    other = write_order(owner, bolt)
    lake.pull()
    set_status(owner, first, "confirmed")
    lake.pull()
    damage(lake, lose_a_row_and_keep_a_ghost)
    assert lake.totals() != expected_totals(lake.manifest)

    set_status(owner, other, "confirmed")
    report = lake.pull(reread=wanted)
    for _ in range(2):
        assert lake.current("orders", _CURRENT) == set(owner.execute(_SOURCE).fetchall())
        assert len(lake.versions("orders", "id")) <= 4  # the other company's order has two
        assert lake.totals() == expected_totals(lake.manifest)
        again = lake.pull(reread=wanted)
    assert not report.is_reload
    assert lake.table("orders").read_whole_at == lake.manifest.pull_number  # so marts are built anew
    assert report.rows_by_table["orders"] == 3
    assert again.rows_by_table["orders"] == (3 if wanted.table else 2)
    assert again.rows_by_table["shops"] == (1 if wanted.company else 0)
    present = {
        str(file.relative_to(raw_folder(lake.settings))) for file in raw_folder(lake.settings).glob("*/*")
    }
    assert present == {segment.file for table in lake.manifest.tables for segment in table.segments}


@pytest.mark.parametrize("wanted", [TABLE, COMPANY], ids=["table", "company"])
def test_orders_placed_meanwhile_are_in_it_or_in_the_next(
    lake: Lake, fresh_database: FreshDatabase, two_companies: tuple[Company, Company], wanted: Reread
) -> None:
    stop = threading.Event()
    placed: list[UUID] = []

    def write() -> None:
        with psycopg.connect(fresh_database.dsn("owner")) as connection:
            while not stop.is_set():
                order = write_order(connection, two_companies[len(placed) % 2])
                if placed:
                    set_status(connection, placed[-1], "confirmed")
                connection.commit()
                placed.append(order)

    lake.pull()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            lake.pull(reread=wanted)
            assert lake.totals() == expected_totals(lake.manifest)
            assert {row[0] for row in lake.current("order_lines", "order_id")} == {
                row[0] for row in lake.current("orders", "id")
            }
    finally:
        stop.set()
        writer.join()
    lake.pull()
    assert len(placed) > 10
    with fresh_database.connect("owner") as owner:
        assert lake.current("orders", _CURRENT) == set(owner.execute(_SOURCE).fetchall())
    versions = lake.versions("orders", "id, row_xid")
    assert len(versions) == len(set(versions))


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["table=orders", "company=acme"])
@pytest.mark.parametrize("point", ["table orders", "before commit"])
def test_a_backfill_that_is_killed_leaves_the_lake_as_it_was(
    lake: Lake, owner: Connection, two_companies: tuple[Company, Company], wanted: str, point: str
) -> None:
    order = write_order(owner, two_companies[0])
    lake.pull()
    before = manifest_file(lake.settings).read_bytes()
    set_status(owner, order, "confirmed")
    run_until_killed("reread", point, str(lake.settings.home), lake.dsn, wanted)
    assert manifest_file(lake.settings).read_bytes() == before
    assert lake.totals() == expected_totals(lake.manifest)
    lake.pull()
    assert lake.current("orders", "id, status") == {(str(order), "confirmed")}
    assert lake.totals() == expected_totals(lake.manifest)


def test_a_table_whose_column_was_removed_is_accepted_by_its_backfill_alone(
    lake: Lake, owner: Connection, company: Company
) -> None:
    lake.pull()
    products = lake.table("products")
    owner.execute("alter table shops drop column city")
    with pytest.raises(FeedSchemaError, match=r"shops\.city was removed") as caught:
        lake.pull()
    assert caught.value.hint
    assert "stockwise feed backfill --table shops" in caught.value.hint
    lake.pull(reread=Reread(table="shops"))
    assert "city" not in {column.name for column in lake.table("shops").columns}
    assert lake.table("products") == products
    assert lake.totals() == expected_totals(lake.manifest)


def test_what_is_not_there_is_refused_with_what_is_spelt_alike(
    lake: Lake, fresh_database: FreshDatabase, company: Company
) -> None:
    server, name = fresh_database.server, fresh_database.name

    def refusal(**wanted: Any) -> str:
        with pytest.raises((FeedError, UsageError)) as caught:
            backfill(lake.settings, server=server, database=name, **wanted)
        return f"{caught.value.message} {caught.value.hint}"

    assert "nothing was fed yet" in refusal(table="orders")
    lake.pull()
    before = manifest_file(lake.settings).read_bytes()
    assert refusal(table="order") == "There is no fed table 'order'. Did you mean orders or order_lines?"
    assert "no fed table 'users'" in refusal(table="users")
    assert refusal(company="amce") == "There is no company 'amce'. Did you mean acme?"
    assert "Name one table or one company" in refusal()
    assert "Name one table or one company" in refusal(table="orders", company="acme")
    assert manifest_file(lake.settings).read_bytes() == before

    record = backfill(lake.settings, server=server, database=name, company="acme")
    assert record.rows == sum(table.rows for table in record.tables) > 0
    run = list_runs(lake.settings)[0]
    assert (run.status, run.build_id, run.feed) == ("ok", None, record)
