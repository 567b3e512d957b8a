"""A warehouse with two small serving tables, so that publication can be tested without dbt."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from core.lake import Manifest, Source, commit_manifest
from core.settings import Settings, load_settings
from core.warehouse import hold_warehouse
from pipelines.publish import PublishReport, publish

ACME = "00000000-0000-7000-8000-00000000000a"
BOLT = "00000000-0000-7000-8000-00000000000b"
FIRST_BUILD_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def publishing_settings(folder: Path, **options: object) -> Settings:
    """Settings with a home of the test's own and a committed, empty lake."""
    settings = load_settings({"home": folder / "home", **options})
    commit_manifest(settings, make_manifest(1))
    return settings


def make_manifest(number: int) -> Manifest:
    """A lake without tables, as of ``number`` minutes after the first build."""
    return Manifest(
        generation="g",
        pull_number=number,
        pull_id=f"pull-{number}",
        snapshot="1:1:",
        source=Source(system_identifier="1", timeline="00000001", database_oid=1),
        horizon_at=FIRST_BUILD_AT + timedelta(minutes=number),
        oldest_open=None,
        tables=(),
        totals=(),
    )


def fill_serving(settings: Settings, amounts: dict[str, int], *, rows: int = 3) -> None:
    """Give each company ``rows`` days of sales with the same amount in every row."""
    with hold_warehouse(settings) as warehouse, warehouse.connect() as connection:
        connection.execute("create schema if not exists serving")
        connection.execute(
            "create or replace table serving.srv_company (company_id varchar, name varchar, slug varchar,"
            " currency varchar, timezone varchar, data_origin varchar)"
        )
        connection.execute(
            "create or replace table serving.srv_sales_daily (company_id varchar, sales_date date,"
            " orders_count bigint, units bigint, net_sales_amount decimal(14, 2),"
            " margin_amount decimal(14, 2))"
        )
        for company, amount in amounts.items():
            connection.execute(
                "insert into serving.srv_company values (?, 'Shop', 'shop', 'EUR', 'UTC', 'live')", [company]
            )
            connection.execute(
                "insert into serving.srv_sales_daily"
                " select ?, date '2026-01-01' + day::integer, 1, 2, ?, 1 from range(?) as days (day)",
                [company, amount, rows],
            )


def publish_number(settings: Settings, number: int) -> PublishReport:
    """Publish what serving holds as build ``build-00<number>``."""
    with hold_warehouse(settings) as warehouse:
        return publish(
            warehouse,
            make_manifest(number),
            build_id=build_name(number),
            built_at=FIRST_BUILD_AT + timedelta(minutes=number),
        )


def build_name(number: int) -> str:
    """Names of builds sort by number."""
    return f"build-{number:05d}"


def published_bytes(settings: Settings) -> dict[str, bytes]:
    """Every published file's content by its path."""
    folder = settings.published_folder
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def as_uuid(company: str) -> UUID:
    """The id as the API holds it."""
    return UUID(company)
