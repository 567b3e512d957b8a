"""What lay at a location at the end of a day, in layers of cost and age, as SQL on a published snapshot.

The oldest units leave first, so what is there are the newest layers up to the units on hand: no history of
what left is needed. A layer begins where units came to the location; a transfer or a return begins a new one.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from core.metrics.dimensions import dimension_named
from core.metrics.errors import not_by_dimension
from core.metrics.filters import Filters
from core.metrics.sources import Query

_OF_VARIANT = ("category", "product", "brand")


def held_query(day: date, filters: Filters) -> Query:
    """Return what each variant has on hand at each location at the end of ``day``, where there is any."""
    condition = stock_conditions(filters)
    sql = f"""
        select location_id, variant_id, closing_units, unit_cost_amount
        from srv_stock_spans
        where span_date <= ? and span_date + days_count > ? and closing_units > 0{condition.sql}
    """
    return Query(sql, [day, day, *condition.parameters])


def layers_query(day: date, filters: Filters) -> Query:
    """Return the layers that lay there at the end of ``day``: one row each with ``lying_units`` of it."""
    held = held_query(day, filters)
    sql = f"""
        with held as ({held.sql}),
        came as (
            select location_id, variant_id, max(cumulative_units) as came_units
            from srv_stock_layers where layer_date <= ? group by location_id, variant_id
        )
        select
            layers.location_id,
            layers.variant_id,
            layers.layer_date,
            layers.unit_cost_amount,
            least(layers.units, held.closing_units - came.came_units + layers.cumulative_units) as lying_units
        from srv_stock_layers as layers
        inner join came on layers.location_id = came.location_id and layers.variant_id = came.variant_id
        inner join held on layers.location_id = held.location_id and layers.variant_id = held.variant_id
        where layers.layer_date <= ? and came.came_units - layers.cumulative_units < held.closing_units
    """
    return Query(sql, [*held.parameters, day, day])


def averages_query(day: date, filters: Filters) -> Query:
    """Return the moving average cost of what lay there at the end of ``day``.

    What comes is mixed with what lies there by units; what leaves does not change the average. Where nothing
    lay before, the layer's own cost is the average, so what came earlier does not matter.
    """
    held = held_query(day, filters)
    sql = f"""
        with held as ({held.sql}),
        begun as (
            select
                location_id,
                variant_id,
                max(case when on_hand_before_units <= 0 then cumulative_units else 0 end) as cumulative_units
            from srv_stock_layers where layer_date <= ? group by location_id, variant_id
        ),
        series as (
            select
                layers.location_id,
                layers.variant_id,
                list({{
                    'lying': layers.on_hand_before_units::double,
                    'came': layers.units::double,
                    'cost': layers.unit_cost_amount::double
                }} order by layers.cumulative_units) as layers
            from srv_stock_layers as layers
            inner join begun
                on layers.location_id = begun.location_id and layers.variant_id = begun.variant_id
            where layers.layer_date <= ? and layers.cumulative_units >= begun.cumulative_units
            group by layers.location_id, layers.variant_id
        )
        select
            held.location_id,
            held.variant_id,
            held.closing_units,
            list_reduce(series.layers, lambda before, layer: {{
                'lying': layer.lying,
                'came': layer.came,
                'cost': case
                    when layer.lying <= 0 then layer.cost
                    else (before.cost * layer.lying + layer.cost * layer.came) / (layer.lying + layer.came)
                end
            }}).cost as average_cost_amount
        from held
        inner join series on held.location_id = series.location_id and held.variant_id = series.variant_id
    """
    return Query(sql, [*held.parameters, day, day])


def stock_conditions(filters: Filters) -> Query:
    """Return what narrows rows with ``location_id`` and ``variant_id``, each part with its ``and`` in front.

    Raises
    ------
    MeasureError
        If a filter is about something that stock does not know, such as a customer.
    """
    parts, parameters = [], []
    for name, values in filters.given().items():
        if name in ("location", "variant"):
            parts.append(f" and {name}_id in (select unnest(?::varchar[]))")
        elif name in _OF_VARIANT:
            parts.append(f" and variant_id in (select variant_id from srv_products where {_kept(name)})")
        else:
            raise not_by_dimension("stock_value_amount", name, field="filters")
        parameters.append(values)
    return Query("".join(parts), list[Any](parameters))


def _kept(name: str) -> str:
    given = "select unnest(?::varchar[])"
    if name == "category":
        given = f"select category_id from srv_category_tree where ancestor_category_id in ({given})"
    return f"{dimension_named(name).column} in ({given})"
