"""The lake as Spark is shown it: exactly the manifest's files, with their columns."""

from datetime import UTC, datetime
from pathlib import Path

from core.lake import LakeColumn, LakeTable, Manifest, Segment, Source, results_folder
from core.settings import load_settings
from pipelines.spark_sources import spark_source_statements

COLUMNS = {
    "company_id": "uuid",
    "amount": "numeric(14,2)",
    "placed_at": "timestamp with time zone",
    "settings": "jsonb",
    "currency": "character(3)",
    "row_xid": "xid8",
    "is_open": "boolean",
}


def lake(*files: str) -> Manifest:
    columns = tuple(LakeColumn(name=name, postgres_type=kind) for name, kind in COLUMNS.items())
    segments = tuple(Segment(file=file, rows=1) for file in files)
    orders = LakeTable(
        name="orders", key=("id",), columns=columns, is_whole=False, storage=1, segments=segments
    )
    return Manifest(
        generation="g", pull_number=1, pull_id="pull-1", snapshot="1:1:",
        source=Source(system_identifier="1", timeline="1", database_oid=1),
        horizon_at=datetime(2026, 11, 21, 20, tzinfo=UTC), oldest_open=None, tables=(orders,), totals=(),
    )  # fmt: skip


def test_tables_stand_on_the_manifest_s_files_with_declared_columns(tmp_path: Path) -> None:
    settings = load_settings({"home": tmp_path})
    results = results_folder(settings, "forecast_summary")
    results.mkdir(parents=True)
    (results / "run-1.parquet").touch()
    (results / "run-2.parquet").touch()

    statements = spark_source_statements(
        settings, lake("orders/a.parquet", "orders/b.parquet"), lake_url="s3a://bucket/lake/"
    )

    assert statements[:5] == [
        "create schema if not exists raw",
        "create schema if not exists model_results",
        "drop table if exists raw.`orders`",
        "create table raw.`orders` (`company_id` string, `amount` decimal(14, 2), `placed_at` timestamp,"
        " `settings` string, `currency` string, `row_xid` bigint, `is_open` boolean, `pull_number` bigint)"
        " using parquet options (path 's3a://bucket/lake/raw/{orders/a.parquet,orders/b.parquet}')",
        "create or replace view raw.feed_pull as select 'pull-1' as pull_id,"
        " timestamp '2026-11-21T20:00:00+00:00' as snapshot_at",
    ]
    [summary] = [
        line for line in statements if line.startswith("create table model_results.forecast_summary")
    ]
    assert summary.endswith("options (path 's3a://bucket/lake/models/forecast_summary/run-2.parquet')")


def test_a_result_that_was_never_computed_is_an_empty_table(tmp_path: Path) -> None:
    statements = spark_source_statements(
        load_settings({"home": tmp_path}), lake("orders/a.parquet"), lake_url=str(tmp_path)
    )

    [summary] = [
        line for line in statements if line.startswith("create table model_results.forecast_summary")
    ]
    assert "`wape` double" in summary
    assert "`training_end_date` date" in summary
    assert "`computed_at` timestamp" in summary
    assert summary.endswith("using parquet")
