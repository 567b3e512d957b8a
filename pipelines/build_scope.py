"""Whether the marts can be brought up to date from what was fed since, or must be built anew.

The last build that ended well leaves a row in the warehouse: its pull, and what it was built from. dbt's
incremental models start after that pull (`dbt/macros/incremental.sql`). What they cannot follow is asked
here, and answered by a full build: another project or lake, a deleted row, an order on another day.

Views show by themselves what the tables below hold. They are made in full builds, and left as they are until
the models or the columns of results change.
"""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.lake import Manifest, raw_folder
from core.results import RESULTS
from core.settings import Settings
from core.warehouse import ENGINE_VERSION, Warehouse
from pipelines.transform import PROJECT_FOLDER

# Tables of which incremental models read by key what changed: a deleted row names neither order nor day.
FOLLOWED_TABLES = (
    "orders",
    "order_lines",
    "order_charges",
    "reservations",
    "stock_ledger",
    "payments",
    "payment_allocations",
    "payment_history",
    "payment_refunds",
    "order_returns",
    "order_return_lines",
    "restock_orders",
    "restock_order_lines",
    "receipt_lines",
    "suppliers",
)
_STATE = "build_state.last_build"
_SERVING = "build_state.serving_views"

# Each counts rows whose change reaches days or orders that nothing fed since points at. Staging views show
# what is fed now, the tables what was built last.
_UNFOLLOWED: dict[str, str] = {
    "rows were deleted": """
        select count(*) from raw.tombstones
        where pull_number > $built and list_contains($followed, table_name)
    """,
    "a company's time zone or currency changed": """
        select count(*) from staging.stg_storefront__companies as now
        inner join marts.dim_company as before on now.company_id = before.company_id
        where (now.timezone, now.currency) <> (before.timezone, before.currency)
    """,
    "a shop is served from another location first": """
        select count(*) from intermediate.int_shops_first_location as now
        inner join marts.dim_shop as before
            on now.company_id = before.company_id and now.shop_id = before.shop_id
        where now.location_id is distinct from before.first_location_id
    """,
    "a variant went to another product": """
        select count(*) from staging.stg_storefront__variants as now
        inner join marts.dim_variant as before
            on now.company_id = before.company_id and now.variant_id = before.variant_id
        where now.product_id <> before.product_id
    """,
    "an order moved to another time": """
        select count(*) from staging.stg_storefront__orders as now
        inner join intermediate.int_orders_dated as before
            on now.company_id = before.company_id and now.order_id = before.order_id
        where now.pull_number > $built and now.placed_at <> before.placed_at
    """,
}


@dataclass(frozen=True)
class BuildScope:
    """What is to be built; ``reason`` says why everything, and is empty if only what changed."""

    reason: str

    @property
    def is_full(self) -> bool:
        """Whether everything is built anew."""
        return bool(self.reason)


def read_scope(warehouse: Warehouse, manifest: Manifest) -> BuildScope:
    """Compare the lake and the project with what the last good build was made from."""
    before = _read_state(warehouse)
    if before is None:
        return BuildScope("there is no earlier build to start from")
    now = _describe(warehouse.settings, manifest)
    reason = _difference(before, now)
    return BuildScope(reason or _unfollowed_change(warehouse, built=before["pull_number"]))


def remember_build(warehouse: Warehouse, manifest: Manifest) -> None:
    """Note that the marts were built from this lake and proved right."""
    content = json.dumps(_describe(warehouse.settings, manifest))
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists build_state")
        connection.execute("begin")
        connection.execute(f"create or replace table {_STATE} (pull_number bigint, made_from varchar)")
        connection.execute(f"insert into {_STATE} values (?, ?)", [manifest.pull_number, content])
        connection.execute("commit")


def forget_build(warehouse: Warehouse) -> None:
    """Have everything built anew next time: what was built did not prove right."""
    forget_serving(warehouse)
    with warehouse.connect() as connection:
        connection.execute(f"drop table if exists {_STATE}")


def serving_stands(warehouse: Warehouse) -> bool:
    """Whether the serving views of the last full build are those that would be made now."""
    return _read_state(warehouse, _SERVING) == _describe_serving()


def remember_serving(warehouse: Warehouse) -> None:
    """Note what the serving views were made from, once all are made and tested."""
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists build_state")
        connection.execute(
            f"create or replace table {_SERVING} as select $made_from::varchar as made_from",
            {"made_from": json.dumps(_describe_serving())},
        )


def forget_serving(warehouse: Warehouse) -> None:
    """Have the serving views made anew next time."""
    with warehouse.connect() as connection:
        connection.execute(f"drop table if exists {_SERVING}")


def _describe_serving() -> dict[str, Any]:
    return {"project": _project_hash(), "results": {name: dict(columns) for name, columns in RESULTS.items()}}


def _read_state(warehouse: Warehouse, table: str = _STATE) -> dict[str, Any] | None:
    known = warehouse.rows(
        "select 1 from duckdb_tables() where schema_name || '.' || table_name = $name", {"name": table}
    )
    rows = warehouse.rows(f"select made_from from {table}") if known else []
    return json.loads(rows[0]["made_from"]) if rows else None


def _describe(settings: Settings, manifest: Manifest) -> dict[str, Any]:
    """What a build is made from: the project, the pull, and each table's storage and files."""
    return {
        "project": _project_hash(),
        "generation": manifest.generation,
        "pull_number": manifest.pull_number,
        "tables": {table.name: [table.storage, table.read_whole_at] for table in manifest.tables},
        "files": {
            segment.file: _stamp(raw_folder(settings) / segment.file)
            for table in manifest.tables
            if not table.is_whole
            for segment in table.segments
        },
    }


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Say in a phrase why what was built cannot be continued; empty if it can."""
    if before["project"] != now["project"]:
        return "the models changed"
    if before["generation"] != now["generation"] or before["pull_number"] > now["pull_number"]:
        return "everything was fed anew"
    if before["tables"] != now["tables"]:
        return "a table was fed anew"
    # Merged segments are new files; one that stays must be as it was.
    if any(now["files"].get(file, stamp) != stamp for file, stamp in before["files"].items()):
        return "a file of the lake was changed"
    return ""


def _unfollowed_change(warehouse: Warehouse, *, built: int) -> str:
    parameters = {"built": built, "followed": list(FOLLOWED_TABLES)}
    with warehouse.connect() as connection:
        for reason, sql in _UNFOLLOWED.items():
            used = {name: value for name, value in parameters.items() if f"${name}" in sql}
            row = connection.execute(sql, used).fetchone()
            if row is not None and row[0] > 0:
                return reason
    return ""


def _stamp(file: Path) -> list[int]:
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


@cache
def _project_hash() -> str:
    """Hash of everything that decides what dbt builds from given rows."""
    digest = sha256(f"{ENGINE_VERSION} {version('dbt-core')} {version('dbt-duckdb')}".encode())
    for file in sorted(PROJECT_FOLDER.rglob("*")):
        if file.suffix in (".sql", ".yml") and "target" not in file.parts:
            digest.update(str(file.relative_to(PROJECT_FOLDER)).encode() + file.read_bytes())
    return digest.hexdigest()
