"""One pull: types, deletes, changed schemas, restored databases, and who may pull."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.lake import Manifest, commit_manifest, manifest_file, raw_folder
from core.locks import hold_lock
from core.postgres.server import Server
from core.settings import Settings
from pipelines.feed.errors import FeedRunningError, FeedSchemaError
from pipelines.feed.pending import count_pending, has_news
from tests.support.companies import Company
from tests.support.databases import FreshDatabase, fresh_copy
from tests.support.feeds import Connection, Lake, expected_totals, set_status, write_order

UNFED = Path(__file__).resolve().parents[2] / "docs" / "reference" / "unfed-tables.md"


@pytest.fixture
def owner(fresh_database: FreshDatabase) -> Iterator[Connection]:
    with fresh_database.connect("owner") as connection:
        yield connection


@pytest.fixture
def acme(two_companies: tuple[Company, Company]) -> Company:
    return two_companies[0]


def test_an_empty_database_gives_every_table_with_its_types(lake: Lake) -> None:
    lake.pull()
    schema = pq.read_schema(raw_folder(lake.settings) / lake.table("order_lines").segments[0].file)
    assert schema.field("id").type == pa.string()
    assert schema.field("line_amount").type == pa.decimal128(14, 2)
    assert schema.field("unit_price_amount").type == pa.decimal128(18, 6)
    assert schema.field("tax_rate").type == pa.decimal128(9, 6)
    assert schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("row_xid").type == pa.int64()
    assert lake.query(f"select count(*) from {lake._relation('order_lines')}") == [(0,)]
    assert {table.name for table in lake.manifest.tables} >= {"companies", "orders", "events", "tombstones"}


def test_every_table_of_the_database_is_fed_or_listed_with_a_reason(lake: Lake, owner: Connection) -> None:
    """By the catalogue itself: also a table that a migration makes and no code declares."""
    lake.pull()
    fed = {table.name for table in lake.manifest.tables}
    listed = set(re.findall(r"^\| `(\w+)` \| .+ \|$", UNFED.read_text(encoding="utf-8"), flags=re.MULTILINE))
    tables = {
        row[0]
        for row in owner.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " and tablename <> 'alembic_version' and tablename not like 'procrastinate%'"
        ).fetchall()
    }
    assert tables - fed - listed == set()
    assert fed & listed == {"stock_levels"}  # whole, which the list says
    assert fed | listed == tables


def test_no_credential_and_no_user_is_fed(lake: Lake) -> None:
    lake.pull()
    names = {table.name for table in lake.manifest.tables}
    assert names.isdisjoint({"users", "sessions", "memberships", "storefront_keys", "idempotency_keys"})


def test_amounts_arrive_to_the_last_digit(lake: Lake, owner: Connection, acme: Company) -> None:
    owner.execute("update products set price_amount = 123456789012.345678, cost_amount = null")
    owner.execute("update variants set price_modifier_amount = -0.000001")
    lake.pull()
    prices = lake.current("products", "price_amount::varchar, cost_amount")
    assert prices == {("123456789012.345678", None)}
    assert lake.current("variants", "price_modifier_amount::varchar") == {("-0.000001",)}


def test_a_deleted_row_leaves_and_one_inserted_again_lives(
    lake: Lake, owner: Connection, acme: Company
) -> None:
    where = "company_id = %s and shop_id = %s and location_id = %s"
    key = [acme.id, acme.shop_id, acme.location_id]
    lake.pull()
    owner.execute(f"delete from shop_locations where {where}", key)
    lake.pull()
    assert str(acme.shop_id) not in {row[0] for row in lake.current("shop_locations", "shop_id")}

    with owner.transaction():
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id) values (%s, %s, %s)", key
        )
        owner.execute(f"delete from shop_locations where {where}", key)
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id) values (%s, %s, %s)", key
        )
    lake.pull()
    assert str(acme.shop_id) in {row[0] for row in lake.current("shop_locations", "shop_id")}
    assert lake.totals() == expected_totals(lake.manifest)


def test_a_truncated_table_is_empty_in_the_lake(lake: Lake, owner: Connection, acme: Company) -> None:
    lake.pull()
    assert lake.current("shop_locations", "shop_id")
    owner.execute("truncate shop_locations")
    lake.pull()
    assert lake.current("shop_locations", "shop_id") == set()


NEW_COLUMNS = """
    alter table shops
    add column floor_units integer not null default 7,
    add column motto text,
    add column rent_amount numeric(14, 2) default 12.50,
    add column rules text default 'a "b", {c}'
"""


def test_a_new_column_arrives_without_a_rebuild_and_old_rows_hold_what_postgresql_gave_them(
    lake: Lake, owner: Connection, acme: Company
) -> None:
    lake.pull()
    (segment,) = lake.table("shops").segments
    file = raw_folder(lake.settings) / segment.file
    before = file.stat().st_mtime_ns
    columns = "id, floor_units, motto, rent_amount::text, rules"

    owner.execute(NEW_COLUMNS)
    report = lake.pull()
    assert (report.rows_by_table["shops"], report.rows_by_table["products"]) == (0, 0)
    assert (lake.table("shops").segments[0], file.stat().st_mtime_ns) == (segment, before)
    source = set(owner.execute(f"select id::text, {columns[4:]} from shops").fetchall())
    assert {row[1:] for row in source} == {(7, None, "12.50", 'a "b", {c}')}
    assert lake.current("shops", columns) == source

    # What was there before keeps what it was given, also where null or the default's successor is written.
    owner.execute("alter table shops alter rent_amount set default 1, alter motto set default 'x'")
    owner.execute(
        "update shops set rent_amount = null, motto = 'Hello' where company_id = %s and id = %s",
        [acme.id, acme.shop_id],
    )
    for _ in range(4):
        lake.pull(most_segments=1)
        assert lake.current("shops", columns) == set(
            owner.execute(f"select id::text, {columns[4:]} from shops").fetchall()
        )
        owner.execute("update shops set name = name || '!'")
    assert lake.totals() == expected_totals(lake.manifest)


@pytest.mark.parametrize(
    "change",
    [
        "alter table shops add column mark uuid not null default gen_random_uuid()",
        "alter table shops add column twice text generated always as (name || name) stored",
        "alter table shops add column twice text generated always as (name || name) virtual",
        "alter table shops add column stamp bytea default 'x'",
    ],
)
def test_a_new_column_that_is_not_one_value_brings_its_table_whole(
    lake: Lake, owner: Connection, acme: Company, change: str
) -> None:
    lake.pull()
    owner.execute(change)
    report = lake.pull()
    assert (report.rows_by_table["shops"], report.rows_by_table["products"]) == (2, 0)
    (name,) = {column.name for column in lake.table("shops").columns} & {"mark", "twice", "stamp"}
    shown = f"encode({name}, 'escape')" if name == "stamp" else f"{name}::text"
    assert {row[0] for row in lake.current("shops", f"{name}::varchar")} == {
        row[0] for row in owner.execute(f"select {shown} from shops").fetchall()
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("alter table shops drop column city", "shops.city was removed"),
        (
            "alter table shops alter column city type varchar(50)",
            r"shops.city is character varying\(50\) now, was text",
        ),
        ("alter table shops drop column city, add column city text", "shops.city was removed and made anew"),
        ("revoke select on shops from stockwise_reader", "table shops was removed"),
    ],
)
def test_a_removed_or_retyped_column_is_refused_by_name_and_a_full_pull_accepts_it(
    lake: Lake, owner: Connection, acme: Company, change: str, named: str
) -> None:
    lake.pull()
    before = manifest_file(lake.settings).read_bytes()
    owner.execute(change)
    with pytest.raises(FeedSchemaError, match=named):
        lake.pull()
    assert manifest_file(lake.settings).read_bytes() == before

    assert lake.pull(full=True).is_reload
    assert lake.totals() == expected_totals(lake.manifest)


def test_another_database_of_the_same_server_is_read_anew(
    lake: Lake, acme: Company, database_server: Server, session_settings: Settings
) -> None:
    first = lake.pull().manifest
    with fresh_copy(database_server, session_settings) as restored:
        report = Lake(lake.settings, restored.dsn("reader")).pull()
    assert report.is_reload
    assert report.manifest.generation != first.generation
    assert report.manifest.pull_number == first.pull_number + 1
    assert lake.current("companies", "id") == set()


@pytest.mark.parametrize("change", [{"system_identifier": "1"}, {"timeline": "000000FF"}])
def test_a_restored_server_is_read_anew(lake: Lake, acme: Company, change: dict[str, str]) -> None:
    manifest = lake.pull().manifest
    source = manifest.source.model_copy(update=change)
    commit_manifest(lake.settings, manifest.model_copy(update={"source": source}))
    assert has_news(lake.settings, lake.dsn)
    report = lake.pull()
    assert report.is_reload
    assert report.manifest.source == manifest.source
    assert lake.totals() == expected_totals(lake.manifest)


def test_rows_of_a_dump_with_transaction_ids_from_the_future_stay_exact(
    lake: Lake, owner: Connection, acme: Company
) -> None:
    owner.execute("update shops set row_xid = '99999999999', name = 'Restored'")
    lake.pull()
    owner.execute(
        "update shops set name = 'Changed since', row_xid = pg_current_xact_id() where slug = 'main'"
    )
    lake.pull()
    assert {row[0] for row in lake.current("shops", "name")} == {"Changed since"}
    assert lake.totals() == expected_totals(lake.manifest)


def test_two_feeds_at_once_are_refused(lake: Lake) -> None:
    with (
        hold_lock(lake.settings.lake_folder / ".lock"),
        pytest.raises(FeedRunningError, match="Another feed is writing the lake"),
    ):
        lake.pull()
    assert not manifest_file(lake.settings).exists()


def test_a_transaction_that_stays_open_raises_an_alarm_and_loses_nothing(
    lake: Lake, fresh_database: FreshDatabase, acme: Company
) -> None:
    with psycopg.connect(fresh_database.dsn("owner")) as forgotten:
        order = write_order(forgotten, acme)
        assert lake.pull().alarms == ()
        _age_open_transaction(lake.manifest, lake.settings)
        (alarm,) = lake.pull().alarms
        assert "has been open for 5 minutes" in alarm
    assert lake.pull().alarms == ()
    assert lake.current("orders", "id") == {(str(order),)}


def _age_open_transaction(manifest: Manifest, settings: Settings) -> None:
    """As if the pull that first saw the transaction had been five minutes ago."""
    seen = manifest.oldest_open
    assert seen is not None
    older = seen.model_copy(update={"open_since": seen.open_since - timedelta(minutes=5)})
    commit_manifest(settings, manifest.model_copy(update={"oldest_open": older}))


def test_a_lake_that_was_left_for_more_than_a_day_raises_an_alarm(lake: Lake) -> None:
    for hours, said in ((25, []), (27, ["The warehouse had not been fed for 27 hours before this run."])):
        fed = lake.pull().manifest
        left = fed.model_copy(update={"horizon_at": fed.horizon_at - timedelta(hours=hours)})
        commit_manifest(lake.settings, left)
        assert [alarm.split(" Is ")[0] for alarm in lake.pull().alarms] == said


def test_segments_are_merged_and_what_was_deleted_leaves_the_files(
    lake: Lake, owner: Connection, acme: Company
) -> None:
    order = write_order(owner, acme)
    lake.pull()
    for status in ("confirmed", "processing", "shipped"):
        set_status(owner, order, status)
        lake.pull(most_segments=2)
    owner.execute("delete from shop_locations")
    lake.pull(most_segments=2)
    assert len(lake.table("orders").segments) <= 2
    assert lake.versions("orders", "status")[-1] == ("shipped",)
    assert len(lake.versions("orders", "status")) < 4
    assert lake.totals() == expected_totals(lake.manifest)
    listed = {segment.file for table in lake.manifest.tables for segment in table.segments}
    folder = raw_folder(lake.settings)
    assert {str(file.relative_to(folder)) for file in folder.glob("*/*")} == listed


def test_pending_counts_what_the_next_pull_brings_without_taking_it(
    lake: Lake, owner: Connection, acme: Company
) -> None:
    assert has_news(lake.settings, lake.dsn)
    lake.pull()
    assert not has_news(lake.settings, lake.dsn)
    before = manifest_file(lake.settings).read_bytes()
    write_order(owner, acme)
    pending = count_pending(lake.settings, lake.dsn)
    assert pending == {"orders": 1, "order_lines": 1, "stock_levels": 2}
    assert manifest_file(lake.settings).read_bytes() == before


def test_a_manifest_of_another_kind_is_refused_in_one_sentence(lake: Lake, tmp_path: Path) -> None:
    file = manifest_file(lake.settings)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"format": 1}), encoding="utf-8")
    with pytest.raises(Exception, match="not a manifest that this version can read"):
        lake.pull()
