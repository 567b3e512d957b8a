"""What stock is worth and what left it cost, from the ledger alone, by two methods.

``fifo``: a unit that leaves costs what the oldest unit at its location cost; ``average``: the moving average
of what lies there. Each ledger row gets a value: what comes in, units times unit cost; what leaves, by the
method. So opening value + what came in − what left = closing value, exactly, per location and variant.

Units that came in without a cost (found, returned, opening stock that was never priced) cost what the last
priced ones that came there cost; before any, what the variant costs today. Values are exact to six decimals;
nothing is rounded on the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Method = Literal["fifo", "average"]

_COSTED = """
    with priced as (
        select
            ledger.location_id,
            ledger.variant_id,
            ledger.id,
            ledger.occurred_at,
            ledger.reason,
            ledger.delta_units,
            case when ledger.delta_units > 0 then ledger.unit_cost_amount end as known_cost_amount
        from stock_ledger as ledger
        where ledger.company_id = :company_id
        and ledger.occurred_at < :until
        and (
            cast(:location_ids as uuid []) is null
            or ledger.location_id = any(cast(:location_ids as uuid []))
        )
        and (
            cast(:variant_ids as uuid []) is null
            or ledger.variant_id = any(cast(:variant_ids as uuid []))
        )
    ),

    grouped as (
        select
            priced.*,
            count(priced.known_cost_amount) over (
                partition by priced.location_id, priced.variant_id order by priced.occurred_at, priced.id
            ) as known_costs
        from priced
    ),

    -- What a unit costs that comes in with this row; of what leaves, the last such cost.
    costed as (
        select
            grouped.*,
            coalesce(
                first_value(grouped.known_cost_amount) over (
                    partition by grouped.location_id, grouped.variant_id, grouped.known_costs
                    order by grouped.occurred_at, grouped.id
                ),
                terms.unit_cost_amount,
                0
            ) as unit_cost_amount
        from grouped
        left join variant_terms as terms
            on terms.company_id = :company_id and grouped.variant_id = terms.variant_id
    ),
"""

# Units are numbered as they come in and as they leave; the k-th that leaves is the k-th that came in. Between
# two neighbouring edges of either numbering lie units of one row that came in and at most one that left.
_SEGMENTS = (
    _COSTED
    + """
    numbered as (
        select
            costed.*,
            sum(greatest(costed.delta_units, 0)) over in_order as in_edge,
            sum(greatest(-costed.delta_units, 0)) over in_order as out_edge
        from costed
        window in_order as (
            partition by costed.location_id, costed.variant_id order by costed.occurred_at, costed.id
        )
    ),

    edges as (
        select
            numbered.location_id,
            numbered.variant_id,
            case when numbered.delta_units > 0 then numbered.in_edge else numbered.out_edge end as edge,
            max(numbered.unit_cost_amount) filter (where numbered.delta_units > 0) as in_cost_amount,
            max(numbered.unit_cost_amount) filter (where numbered.delta_units < 0) as out_cost_amount,
            (array_agg(numbered.id) filter (where numbered.delta_units < 0))[1] as out_id
        from numbered
        group by 1, 2, 3
    ),

    -- Units up to an edge came in with the row that ends at the next edge of those that come in, and leave
    -- with the next one of those that leave. Counted from the last edge down, rows of one such edge form a
    -- group. (A frame that begins at each row, or a join with the rows, takes the square of their number.)
    spans as (
        select
            edges.*,
            edges.edge - lag(edges.edge, 1, 0::bigint) over upwards as units,
            count(edges.in_cost_amount) over downwards as in_group,
            count(edges.out_id) over downwards as out_group
        from edges
        window
            upwards as (partition by edges.location_id, edges.variant_id order by edges.edge),
            downwards as (partition by edges.location_id, edges.variant_id order by edges.edge desc)
    ),

    segments as (
        select
            spans.location_id,
            spans.variant_id,
            spans.edge,
            spans.units,
            first_value(spans.out_id) over same_out as out_id,
            coalesce(
                first_value(spans.in_cost_amount) over same_in,
                first_value(spans.out_cost_amount) over same_out
            ) as unit_cost_amount
        from spans
        window
            same_in as (
                partition by spans.location_id, spans.variant_id, spans.in_group order by spans.edge desc
            ),
            same_out as (
                partition by spans.location_id, spans.variant_id, spans.out_group order by spans.edge desc
            )
    ),
"""
)
_FIFO = (
    _SEGMENTS
    + """
    left_at_cost as (
        select segments.out_id as id, sum(segments.units * segments.unit_cost_amount) as value_amount
        from segments
        where segments.out_id is not null
        group by segments.out_id
    ),

    valued as (
        select
            costed.*,
            case
                when costed.delta_units > 0 then costed.delta_units * costed.unit_cost_amount
                else -left_at_cost.value_amount
            end as value_amount
        from costed
        left join left_at_cost on costed.id = left_at_cost.id
    ),
"""
)
_AVERAGE = (
    _COSTED
    + """
    valued as (
        select
            costed.*,
            (
                stock_average(costed.delta_units, costed.unit_cost_amount) over (
                    partition by costed.location_id, costed.variant_id order by costed.occurred_at, costed.id
                )
            )[3] as value_amount
        from costed
    ),
"""
)
_SUMS = ("opening", "received", "sold", "adjusted", "transferred", "closing")
_REPORT = """
    grouped_by_level as (
        select
            valued.location_id,
            valued.variant_id,
            coalesce(sum(delta_units) filter (where occurred_at < :since), 0) as opening_units,
            coalesce(sum(value_amount) filter (where occurred_at < :since), 0) as opening_amount,
            coalesce(sum(delta_units) filter (where is_within and is_received), 0) as received_units,
            coalesce(sum(value_amount) filter (where is_within and is_received), 0) as received_amount,
            coalesce(-sum(delta_units) filter (where is_within and is_sold), 0) as sold_units,
            coalesce(-sum(value_amount) filter (where is_within and is_sold), 0) as sold_amount,
            coalesce(sum(delta_units) filter (where is_within and is_adjusted), 0) as adjusted_units,
            coalesce(sum(value_amount) filter (where is_within and is_adjusted), 0) as adjusted_amount,
            coalesce(sum(delta_units) filter (where is_within and is_moved), 0) as transferred_units,
            coalesce(sum(value_amount) filter (where is_within and is_moved), 0) as transferred_amount,
            sum(delta_units) as closing_units,
            sum(value_amount) as closing_amount
        from valued
        cross join lateral (
            select
                valued.occurred_at >= :since as is_within,
                valued.reason in ('receipt', 'opening') as is_received,
                valued.reason in ('sale', 'return') as is_sold,
                valued.reason in ('adjustment', 'count', 'write_off') as is_adjusted,
                valued.reason in ('transfer_in', 'transfer_out') as is_moved
        ) as kinds
        group by valued.location_id, valued.variant_id
    ),

    with_totals as (
        select
            grouped_by_level.*,
            {totals}
        from grouped_by_level
    )

    select with_totals.*, locations.name as location_name, terms.sku, terms.product_name
    from with_totals
    inner join locations
        on locations.company_id = :company_id and with_totals.location_id = locations.id
    inner join variant_terms as terms
        on terms.company_id = :company_id and with_totals.variant_id = terms.variant_id
    where cast(:after_location_id as uuid) is null
    or (with_totals.location_id, with_totals.variant_id)
        > (cast(:after_location_id as uuid), cast(:after_variant_id as uuid))
    order by with_totals.location_id, with_totals.variant_id
    limit :rows
""".format(
    totals=",\n            ".join(
        f"sum({name}_{unit}) over () as total_{name}_{unit}" for name in _SUMS for unit in ("units", "amount")
    )
)
_REPORTS: Mapping[Method, sa.TextClause] = {
    "fifo": sa.text(_FIFO + _REPORT),
    "average": sa.text(_AVERAGE + _REPORT),
}
# The units that lie at a location now, oldest first.
_LAYERS: Mapping[Method, sa.TextClause] = {
    "fifo": sa.text(
        _SEGMENTS.rstrip().rstrip(",")
        + """
    select variant_id, units, unit_cost_amount
    from segments
    where out_id is null
    order by variant_id, edge
    """
    ),
    "average": sa.text(
        _AVERAGE.rstrip().rstrip(",")
        + """
    select
        variant_id,
        sum(delta_units) as units,
        round(sum(value_amount) / sum(delta_units), 6) as unit_cost_amount
    from valued
    group by variant_id
    having sum(delta_units) > 0
    """
    ),
}
_BEGINNING = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
_END = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Period:
    """From ``since`` until just before ``until``; None: from the beginning, to the end of the ledger."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class CostLayer:
    """Units of a variant that cost alike."""

    units: int
    unit_cost_amount: Decimal


async def company_method(connection: AsyncConnection, company_id: UUID) -> Method:
    """Return the method that the company has chosen."""
    statement = sa.text("select valuation_method from companies where id = :company_id")
    method: Method = (await connection.execute(statement, {"company_id": company_id})).scalar_one()
    return method


async def value_stock(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    method: Method,
    period: Period,
    location_ids: Sequence[UUID] | None,
    variant_ids: Sequence[UUID] | None,
    after: tuple[UUID, UUID] | None,
    limit: int,
) -> Sequence[sa.RowMapping]:
    """Return the values by location and variant, each row with the totals of all.

    One row more than ``limit`` when there is a next page.
    """
    values: dict[str, Any] = {
        "company_id": company_id,
        "since": period.since or _BEGINNING,
        "until": period.until or _END,
        "location_ids": location_ids,
        "variant_ids": variant_ids,
        "after_location_id": None if after is None else after[0],
        "after_variant_id": None if after is None else after[1],
        "rows": limit + 1,
    }
    return (await connection.execute(_REPORTS[method], values)).mappings().all()


async def cost_layers(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    method: Method,
    location_id: UUID,
    variant_ids: Sequence[UUID],
) -> dict[UUID, list[CostLayer]]:
    """Return what the units cost that lie at a location now, those that leave first at the front."""
    values = {
        "company_id": company_id,
        "until": _END,
        "location_ids": [location_id],
        "variant_ids": list(variant_ids),
    }
    layers: dict[UUID, list[CostLayer]] = defaultdict(list)
    for row in await connection.execute(_LAYERS[method], values):
        layers[row.variant_id].append(CostLayer(int(row.units), row.unit_cost_amount))
    return layers
