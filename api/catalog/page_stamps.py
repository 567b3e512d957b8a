"""Stamps of products: a product has the same stamp again only if its page is the same.

A stamp is made of the versions (``xmin``) of every row that the page is made of: the company's, the
product's, its variants', the planned price in force, and the stock where the viewer's shops draw on. Whoever
changes one of them, by whatever way, changes the stamp; so does the instant at which a planned price begins
or ends, and a start of the database server, which may have been put back to an earlier state.

Requests that ask at the same time ask together: one statement at a time per viewer, which begins after all of
those requests arrived. So each gets what held after its arrival, and a crowd costs one round trip.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from api.catalog.viewers import Viewer
from core.postgres.exchange import (
    Call,
    ExchangeError,
    PreparedStatement,
    array_text,
    exchange,
    exchange_in_transaction,
)
from core.postgres.pools import Database

# By key, row by row, whatever the size that the tables had when the connection made its plan.
_BIND = PreparedStatement(
    b"page_stamps_bind",
    b"select set_config('plan_cache_mode', 'force_generic_plan', true), "
    b"set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    b"set_config('enable_mergejoin', 'off', true), set_config('app.company_id', $1, true), "
    b"set_config('app.user_id', '', true)",
)
_STAMPS = """
    select
        product.{name}::text,
        md5(concat(
            pg_postmaster_start_time(), ';', company.xmin, ';', product.id, ' ', product.xmin, ';',
            (
                select string_agg(concat(variant.id, ' ', variant.xmin), ',' order by variant.id)
                from variants as variant
                where variant.company_id = product.company_id and variant.product_id = product.id
            ),
            ';',
            (
                select concat(schedule.id, ' ', schedule.xmin)
                from price_schedules as schedule
                where schedule.company_id = product.company_id and schedule.product_id = product.id
                and schedule.cancelled_at is null and schedule.starts_at <= now()
                and (schedule.ends_at is null or schedule.ends_at > now())
                order by schedule.starts_at desc, schedule.id desc limit 1
            ),
            ';',
            (
                select string_agg(
                    concat(level.location_id, ' ', level.variant_id, ' ', level.xmin), ','
                    order by level.location_id, level.variant_id
                )
                from variants as variant
                inner join locations as location on location.company_id = variant.company_id
                inner join stock_levels as level
                    on level.company_id = variant.company_id and level.location_id = location.id
                    and level.variant_id = variant.id
                where variant.company_id = product.company_id and variant.product_id = product.id
                and location.archived_at is null and location.kind <> 'in_transit'
                and (
                    $3::uuid [] is null
                    or exists (
                        select from shop_locations as draws
                        where draws.company_id = location.company_id and draws.location_id = location.id
                        and draws.shop_id = any($3::uuid [])
                    )
                )
            )
        )) as stamp
    from products as product
    inner join companies as company on company.id = product.company_id
    where product.company_id = $1::uuid and product.{name} = any($2::{type} [])
"""
_BY_ID = PreparedStatement(b"page_stamps_by_id", _STAMPS.format(name="id", type="uuid").encode())
_BY_SLUG = PreparedStatement(b"page_stamps_by_slug", _STAMPS.format(name="slug", type="text").encode())


@dataclass(frozen=True, slots=True)
class Asked:
    """One product, by its id or by its slug, as one viewer sees it."""

    viewer: Viewer
    name: str
    is_slug: bool = False


@dataclass
class _Batch:
    names: set[str] = field(default_factory=set)
    answers: asyncio.Future[Mapping[str, str]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class StampReader:
    """Reads the stamps that requests ask for, together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[tuple[Viewer, bool], _Batch] = {}
        self._asking: dict[tuple[Viewer, bool], asyncio.Task[None]] = {}

    async def read(self, asked: Asked) -> str | None:
        """Return the product's stamp at some instant after this call; None: there is no such product."""
        group = asked.viewer, asked.is_slug
        batch = self._waiting.setdefault(group, _Batch())
        batch.names.add(asked.name)
        if group not in self._asking:
            self._asking[group] = asyncio.create_task(self._ask(group))
        # Shielded: who goes away leaves the others their answer.
        return (await asyncio.shield(batch.answers)).get(asked.name)

    async def _ask(self, group: tuple[Viewer, bool]) -> None:
        viewer, is_slug = group
        while (batch := self._waiting.pop(group, None)) is not None:
            try:
                calls = _calls(viewer, batch.names, is_slug=is_slug)
                batch.answers.set_result(_stamps((await exchange(self._database.hot_pool, calls))[1]))
            except Exception as error:
                reason = error.error if isinstance(error, ExchangeError) else error
                batch.answers.set_exception(reason)
                batch.answers.exception()  # all who waited may have gone
        del self._asking[group]


async def read_stamp(connection: AsyncConnection, asked: Asked) -> str | None:
    """Return the product's stamp in the open transaction."""
    call = _calls(asked.viewer, [asked.name], is_slug=asked.is_slug)[1]
    [rows] = await exchange_in_transaction(connection, [call])
    return _stamps(rows).get(asked.name)


def _calls(viewer: Viewer, names: Collection[str], *, is_slug: bool) -> list[Call]:
    company = str(viewer.company_id)
    shops = None if viewer.stock_shop_ids is None else array_text(map(str, viewer.stock_shop_ids))
    statement = _BY_SLUG if is_slug else _BY_ID
    return [(_BIND, [company]), (statement, [company, array_text(names), shops])]


def _stamps(rows: list[tuple[str | None, ...]]) -> dict[str, str]:
    return {name: stamp for name, stamp in rows if name is not None and stamp is not None}
