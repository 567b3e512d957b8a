"""Use cases of product files: load one (new products, and changes by SKU), and write one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast
from uuid import UUID

import psycopg
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from api.catalog import rules, tag_service, transfer_sql
from api.catalog.transfer_columns import PRODUCT_COLUMNS, VARIANT_COLUMNS, ImportRow
from api.catalog.transfer_files import CheckedRow, Reject
from api.media.service import unknown_urls
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

BATCH_ROWS = 5_000
# The first batch is small: the statistics learn from it before many rows are looked up by them.
FIRST_BATCH_ROWS = 500
EXPORT_ROWS = 1_000
_JSON = {column.name for column in (*PRODUCT_COLUMNS, *VARIANT_COLUMNS) if column.type == "jsonb"}
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True)
class ImportScope:
    """For whom a file is loaded: a company, who loads it, and the shops they are bound to (None: all)."""

    company_id: UUID
    user_id: UUID | None = None
    shop_ids: Collection[UUID] | None = None


@dataclass
class ImportOutcome:
    """What became of a file's rows."""

    is_written: bool = True
    rows: int = 0
    created_rows: int = 0
    updated_rows: int = 0
    unchanged_rows: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def add(self, other: ImportOutcome) -> None:
        """Count a batch in."""
        self.rows += other.rows
        self.created_rows += other.created_rows
        self.updated_rows += other.updated_rows
        self.unchanged_rows += other.unchanged_rows
        self.rejects += other.rejects


class _Undo(Exception):
    """Ends a transaction without a trace."""


@dataclass
class _Known:
    """What earlier batches have shown: the file's SKUs, and relations that wait for later products."""

    skus: set[str] = field(default_factory=set)
    related: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    batches: int = 0


async def import_products(
    database: Database,
    rows: Iterator[CheckedRow | Reject],
    scope: ImportScope,
    *,
    dry_run: bool = False,
    all_or_nothing: bool = False,
) -> ImportOutcome:
    """Load rows in batches, each in a transaction; or all in one, where all of them or none are wanted.

    A row that is refused leaves the others alone. A dry run does all of it and undoes it.
    """
    outcome, known = ImportOutcome(), _Known()
    if not (dry_run or all_or_nothing):
        for batch in _batches(rows):
            outcome.add(await _load_alone(database, batch, scope, known))

        async def relate(connection: AsyncConnection) -> list[Reject]:
            return await _relate(connection, scope, known)

        outcome.rejects += await run_in_transaction(
            database, relate, company_id=scope.company_id, user_id=scope.user_id
        )
        return outcome
    try:
        async with transaction(database, company_id=scope.company_id, user_id=scope.user_id) as connection:
            for batch in _batches(rows):
                outcome.add(await _load(connection, batch, scope, known))
            outcome.rejects += await _relate(connection, scope, known)
            if dry_run or outcome.rejects:
                raise _Undo
    except _Undo:
        outcome.is_written = False
    return outcome


async def export_batches(database: Database, scope: ImportScope) -> AsyncIterator[list[dict[str, Any]]]:
    """Read products and their variants in batches, each in a short transaction."""
    statement = sa.text(transfer_sql.EXPORT)
    after = (_FIRST_ID, _FIRST_ID)
    while True:
        values = {
            "company_id": scope.company_id,
            "shop_ids": None if scope.shop_ids is None else list(scope.shop_ids),
            "after_product": after[0],
            "after_variant": after[1],
            "limit": EXPORT_ROWS,
        }
        async with transaction(database, company_id=scope.company_id, user_id=scope.user_id) as connection:
            rows = [dict(row) for row in (await connection.execute(statement, values)).mappings()]
        if rows:
            yield cast(list[dict[str, Any]], rows)
        if len(rows) < EXPORT_ROWS:
            return
        after = (cast(UUID, rows[-1]["product_id"]), cast(UUID, rows[-1]["variant_id"]))


def _batches(rows: Iterator[CheckedRow | Reject]) -> Iterator[list[CheckedRow | Reject]]:
    size = FIRST_BATCH_ROWS
    while batch := list(islice(rows, size)):
        yield batch
        size = BATCH_ROWS


async def _load_alone(
    database: Database, batch: list[CheckedRow | Reject], scope: ImportScope, known: _Known
) -> ImportOutcome:
    async def work(connection: AsyncConnection) -> ImportOutcome:
        tried = _Known(set(known.skus), dict(known.related), known.batches)
        result = await _load(connection, batch, scope, tried)
        known.skus, known.related, known.batches = tried.skus, tried.related, tried.batches
        return result

    return await run_in_transaction(database, work, company_id=scope.company_id, user_id=scope.user_id)


async def _load(
    connection: AsyncConnection, batch: list[CheckedRow | Reject], scope: ImportScope, known: _Known
) -> ImportOutcome:
    """Load one batch in the open transaction: a constant number of statements."""
    outcome = ImportOutcome(rows=len(batch))
    outcome.rejects = [one for one in batch if isinstance(one, Reject)]
    sound = _first_of_each([one for one in batch if isinstance(one, CheckedRow)], known, outcome.rejects)
    sound = await _with_known_files(connection, sound, scope, outcome.rejects)
    if sound:
        spelled = await tag_service.spellings(
            connection, scope.company_id, {tag for one in sound for tag in one.row.tags or ()}
        )
        await _stage(connection, sound, spelled)
        for row in await _write(connection, scope):
            if row["outcome"] == "rejected":
                outcome.rejects.append(Reject(row["line"], row["sku"], row["reason"]))
            else:
                name = f"{row['outcome']}_rows"
                setattr(outcome, name, getattr(outcome, name) + 1)
        await connection.exec_driver_sql("drop table import_rows")
        known.batches += 1
        if (known.batches - 1).bit_count() <= 1:  # after batches 1, 2, 3, 5, 9, 17 …
            await connection.exec_driver_sql(transfer_sql.RENEW_STATISTICS)
    refused = {reject.line for reject in outcome.rejects}
    for one in sound:
        if one.row.related_skus is not None and one.line not in refused:
            known.related.setdefault(one.row.product_sku or one.row.sku, (one.line, one.row.related_skus))
    outcome.rejects.sort(key=lambda reject: reject.line)
    return outcome


def _first_of_each(rows: Iterable[CheckedRow], known: _Known, rejects: list[Reject]) -> list[CheckedRow]:
    """Refuse a SKU that the file has named before."""
    kept = []
    for one in rows:
        if one.row.sku in known.skus:
            rejects.append(Reject(one.line, one.row.sku, "sku: the file names it twice"))
        else:
            known.skus.add(one.row.sku)
            kept.append(one)
    return kept


async def _with_known_files(
    connection: AsyncConnection, rows: list[CheckedRow], scope: ImportScope, rejects: list[Reject]
) -> list[CheckedRow]:
    """Refuse rows that name uploaded files which are not there."""
    urls = {one.line: _urls_of(one.row) for one in rows}
    unknown = await unknown_urls(
        connection, scope.company_id, {url for each in urls.values() for url in each}
    )
    kept = [one for one in rows if not unknown & urls[one.line]]
    rejects += [
        Reject(one.line, one.row.sku, "images: there is no such uploaded file")
        for one in rows
        if unknown & urls[one.line]
    ]
    return kept


def _urls_of(row: ImportRow) -> set[str]:
    urls = {image.url for image in row.images or ()}
    return urls | ({row.variant_image_url} if row.variant_image_url else set())


async def _stage(connection: AsyncConnection, rows: list[CheckedRow], spelled: dict[str, str]) -> None:
    """Copy rows into a temporary table: PostgreSQL refuses COPY into tables with row-level security."""
    await connection.exec_driver_sql(transfer_sql.CREATE)
    raw = await connection.get_raw_connection()
    driver = cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
    async with driver.cursor() as cursor, cursor.copy(transfer_sql.COPY.encode()) as copy:
        for one in rows:
            await copy.write_row(_staged(one, spelled))


def _staged(one: CheckedRow, spelled: dict[str, str]) -> list[Any]:
    row = one.row
    product_sku = row.product_sku or row.sku
    made = {
        "line": one.line,
        "product_sku": product_sku,
        "made_slug": rules.slug_of(row.name or "", product_sku),
    }
    if row.tags is not None:
        made["tags"] = json.dumps(list(dict.fromkeys(spelled[tag.lower()] for tag in row.tags)))
    if row.images is not None:
        images = rules.with_one_primary([image.model_dump() for image in row.images])
        made["images"] = json.dumps(images)
    return [made[name] if name in made else _copied(name, getattr(row, name)) for name in transfer_sql.STAGED]


def _copied(name: str, value: Any) -> Any:
    if value is None or name not in _JSON:
        return value
    return json.dumps(value, default=_as_json)


def _as_json(value: object) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


async def _write(connection: AsyncConnection, scope: ImportScope) -> list[sa.RowMapping]:
    values = {"company_id": scope.company_id}
    shops = {"shop_ids": None if scope.shop_ids is None else list(scope.shop_ids)}
    await connection.exec_driver_sql(transfer_sql.TAKE_TIME)
    await connection.execute(sa.text(transfer_sql.LOCK_IMPORTS), values)
    await connection.exec_driver_sql("analyze import_rows")
    await connection.exec_driver_sql(transfer_sql.JOIN_SETS)
    await connection.execute(sa.text(transfer_sql.RESOLVE), values)
    for statement in transfer_sql.INDEX:
        await connection.exec_driver_sql(statement)
    await connection.execute(sa.text(transfer_sql.LOCK_PRODUCTS), values)
    await connection.execute(sa.text(transfer_sql.REFUSE), values | shops)
    await connection.execute(sa.text(transfer_sql.REFUSE_TWINS))
    await connection.execute(sa.text(transfer_sql.MARK_FIRST))
    for statement in (
        transfer_sql.INSERT_PRODUCTS,
        transfer_sql.FIND_INSERTED,
        transfer_sql.UPDATE_PRODUCTS,
        transfer_sql.INSERT_VARIANTS,
        transfer_sql.UPDATE_VARIANTS,
    ):
        await connection.execute(sa.text(statement), values)
    await connection.execute(sa.text(transfer_sql.REFUSE_OVERTAKEN))
    await connection.execute(sa.text(transfer_sql.WRITE_EVENTS), values | {"user_id": scope.user_id})
    return list((await connection.execute(sa.text(transfer_sql.READ_OUTCOME))).mappings())


async def _relate(connection: AsyncConnection, scope: ImportScope, known: _Known) -> list[Reject]:
    """Write the relations of all products, now that every one of the file is there."""
    if not known.related:
        return []
    wanted = {sku for _, skus in known.related.values() for sku in skus}
    values = {"company_id": scope.company_id, "skus": list(wanted)}
    there: set[str] = set((await connection.execute(sa.text(transfer_sql.FIND_SKUS), values)).scalars())
    pairs = [
        (product_sku, sku) for product_sku, (_, skus) in known.related.items() for sku in skus if sku in there
    ]
    related = {
        "company_id": scope.company_id,
        "product_skus": [product_sku for product_sku, _ in pairs],
        "related_skus": [sku for _, sku in pairs],
    }
    await connection.execute(sa.text(transfer_sql.RELATE), related)
    return [
        Reject(line, product_sku, f"related_skus: there is no product {sku}")
        for product_sku, (line, skus) in known.related.items()
        for sku in skus
        if sku not in there
    ]
