"""From figures to SQL: one grouped query per serving table, joined on what is asked by.

Names of tables, columns and expressions come from the registry alone; what a caller gives is bound as a
parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.metrics.dimensions import TIME_DIMENSIONS, Dimension, dimension_named, dimensions_of
from core.metrics.errors import not_by_dimension, unknown_measure
from core.metrics.filters import Filters
from core.metrics.metric import Metric, Source, Spans
from core.metrics.period import Period
from core.metrics.registry import METRICS, SOURCES, base_metrics
from core.metrics.spans import cut_rows

_TYPES = {"money": "decimal(18, 2)", "integer": "bigint"}


@dataclass
class Query:
    """SQL with its parameters in the order of their marks."""

    sql: str
    parameters: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Table:
    """Where some measures are summed: a source's own table or its rollup."""

    name: str
    date_column: str | None
    dimensions: tuple[tuple[str, str], ...]
    spans: Spans | None = None
    computed: tuple[tuple[str, str], ...] = ()

    @property
    def relation(self) -> str:
        """The rows with the columns that expressions name."""
        columns = "".join(f", {expression} as {name}" for name, expression in self.computed)
        return f"(select *{columns} from {self.name})" if columns else self.name


def measures_query(
    measures: Sequence[str],
    *,
    dimensions: Sequence[str],
    period: Period | None,
    filters: Filters,
    buckets: tuple[str, Sequence[date]] | None = None,
) -> Query:
    """Return the SQL that gives one row per combination of ``dimensions`` with these measures.

    Columns are the dimensions' ids and the measures, by their names. A measure that has no row where another
    has one is zero if it is a sum, else null. ``buckets`` names the rows to give where time is all that is
    asked by: also those in which nothing happened.

    Raises
    ------
    MeasureError
        If a measure does not exist, or not by one of the dimensions or filters.
    """
    bases = _bases(measures)
    groups = _by_table(bases, dimensions, filters)
    keys = [key_column(name) for name in dimensions]
    steps: list[str] = []
    parameters: list[Any] = []
    for number, (table, metrics) in enumerate(groups.items()):
        query = _grouped(table, metrics, dimensions, period, filters)
        steps.append(f"part_{number} as (\n{query.sql}\n)")
        parameters.extend(query.parameters)
    steps.append(_joined(keys, list(groups.values()), buckets))
    parameters.extend([list(buckets[1])] if buckets else [])
    steps.append(_finished(measures))
    columns = ", ".join([*keys, *dict.fromkeys(measures)])
    named_steps = ",\n".join(steps)
    return Query(f"with {named_steps}\nselect {columns}\nfrom finished", parameters)


def known_dimensions(measure: str) -> tuple[str, ...]:
    """Return what a measure can be cut by: what all that it is made of can."""
    known = [dimensions_of(SOURCES[METRICS[base].source]) for base in base_metrics(measure)]
    return tuple(name for name in known[0] if all(name in others for others in known[1:]))


def key_column(dimension: str) -> str:
    """Return the column that holds a dimension's id in an answer; a time bucket's is its name."""
    return dimension if dimension in TIME_DIMENSIONS else dimension_named(dimension).column


def _bases(measures: Sequence[str]) -> list[Metric]:
    for name in measures:
        if name not in METRICS:
            raise unknown_measure(name)
    names = dict.fromkeys(base for name in measures for base in base_metrics(name))
    return [METRICS[name] for name in names]


def _by_table(
    bases: Sequence[Metric], dimensions: Sequence[str], filters: Filters
) -> dict[_Table, list[Metric]]:
    groups: dict[_Table, list[Metric]] = {}
    for metric in bases:
        table = _table_for(metric, SOURCES[metric.source], dimensions, filters)
        groups.setdefault(table, []).append(metric)
    return groups


def _table_for(metric: Metric, source: Source, dimensions: Sequence[str], filters: Filters) -> _Table:
    """Return the smallest table that knows all that is asked by."""
    known = dimensions_of(source)
    for name in dimensions:
        if name not in known:
            raise not_by_dimension(metric.name, name)
    wanted = {name for name in dimensions if name not in TIME_DIMENSIONS}
    for name in filters.given():
        if name not in known:
            raise not_by_dimension(metric.name, name, field="filters")
        wanted.add(name)
    for rollup in source.rollups:
        if wanted <= set(rollup.dimensions):
            return _Table(rollup.table, source.date_column, tuple(rollup.dimensions.items()), source.spans)
    dimensions_known = tuple(source.dimensions.items())
    return _Table(source.table, source.date_column, dimensions_known, source.spans, source.computed)


def _grouped(
    table: _Table,
    metrics: Sequence[Metric],
    dimensions: Sequence[str],
    period: Period | None,
    filters: Filters,
) -> Query:
    """Return one table's sums by the dimensions."""
    columns = dict(table.dimensions)
    attributes = [
        dimension_named(name)
        for name in dict.fromkeys([*dimensions, *filters.given()])
        if name not in TIME_DIMENSIONS and name not in columns
    ]
    keys = [f"{_key_expression(table, columns, name)} as {key_column(name)}" for name in dimensions]
    sums = [_typed(metric, metric.expression) for metric in metrics]
    rows = _rows(table, dimensions, period)
    condition = _conditions(table, columns, period, filters)
    lines = [
        f"    select {', '.join([*keys, *sums])}",
        f"    from {rows.sql} as facts",
        *([_variants_join(columns["variant"], attributes)] if attributes else []),
        *([f"    where {condition.sql}"] if condition.sql else []),
        *([f"    group by {', '.join(str(place) for place in range(1, len(keys) + 1))}"] if keys else []),
    ]
    return Query("\n".join(lines), [*rows.parameters, *condition.parameters])


def _rows(table: _Table, dimensions: Sequence[str], period: Period | None) -> Query:
    """Return what is summed: the table itself, or its runs of days cut to those asked about."""
    if table.spans is None:
        return Query(table.relation)
    assert table.date_column is not None
    time = next((name for name in dimensions if name in TIME_DIMENSIONS), None)
    return Query(
        *cut_rows(table.relation, table.spans, day_column=table.date_column, period=period, time=time)
    )


def _typed(metric: Metric, expression: str) -> str:
    """Return a measure's column: money as decimal, counts as whole numbers, the rest as doubles."""
    kind = _TYPES.get(metric.format, "double")
    filled = f"coalesce({expression}, 0)" if metric.is_zero_without_rows else expression
    return f"cast({filled} as {kind}) as {metric.name}"


def _key_expression(table: _Table, columns: Mapping[str, str], name: str) -> str:
    if name in TIME_DIMENSIONS:
        day = f"facts.{table.date_column}"
        return day if name == "day" else f"cast(date_trunc('{name}', {day}) as date)"
    return f"facts.{columns[name]}" if name in columns else f"attributes.{dimension_named(name).column}"


def _variants_join(variant_column: str, attributes: Sequence[Dimension]) -> str:
    listed = ", ".join(dict.fromkeys(attribute.column for attribute in attributes))
    return (
        f"    left join (select variant_id as attribute_of, {listed} from srv_products) as attributes"
        f" on facts.{variant_column} = attributes.attribute_of"
    )


def _conditions(table: _Table, columns: Mapping[str, str], period: Period | None, filters: Filters) -> Query:
    parts: list[str] = []
    parameters: list[Any] = []
    if period is not None and table.date_column is not None and table.spans is None:
        parts.append(f"facts.{table.date_column} between ? and ?")
        parameters.extend([period.first_date, period.last_date])
    for name, values in filters.given().items():
        column = _key_expression(table, columns, name)
        parts.append(f"{column} in ({_kept(name)})")
        parameters.append(values)
    return Query(" and ".join(parts), parameters)


def _kept(dimension: str) -> str:
    """Return a subquery of the ids to keep; of a category, those of its whole subtree."""
    given = "select unnest(?::varchar[])"
    if dimension != "category":
        return given
    return f"select category_id from srv_category_tree where ancestor_category_id in ({given})"


def _joined(
    keys: Sequence[str],
    groups: Sequence[Sequence[Metric]],
    buckets: tuple[str, Sequence[date]] | None,
) -> str:
    """Return the step that brings the tables' sums side by side, also where one has no row."""
    if len(groups) == 1 and buckets is None:
        return "joined as (\n    select * from part_0\n)"
    parts = [f"part_{number}" for number in range(len(groups))]
    measures = [
        _side_by_side(part, metric) for part, metrics in zip(parts, groups, strict=True) for metric in metrics
    ]
    if not keys:
        return f"joined as (\n    select {', '.join(measures)}\n    from {' cross join '.join(parts)}\n)"
    listed = ", ".join(keys)
    union = " union ".join(f"select {listed} from {part}" for part in parts)
    if buckets is not None:
        union = f"select unnest(?::date[]) as {buckets[0]}"
    joins = "\n".join(
        f"    left join {part} on "
        + " and ".join(f"keys.{key} is not distinct from {part}.{key}" for key in keys)
        for part in parts
    )
    columns = ", ".join([*(f"keys.{key}" for key in keys), *measures])
    return f"joined as (\n    select {columns}\n    from ({union}) as keys\n{joins}\n)"


def _side_by_side(part: str, metric: Metric) -> str:
    column = f"{part}.{metric.name}"
    return f"coalesce({column}, 0) as {metric.name}" if metric.is_zero_without_rows else column


def _finished(measures: Sequence[str]) -> str:
    """Return the step that adds the derived measures, each after those that it is made of."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        for need in METRICS[name].needs:
            add(need)
        if METRICS[name].is_derived:
            ordered[name] = None

    for measure in measures:
        add(measure)
    columns = ["*", *(_typed(METRICS[name], METRICS[name].expression) for name in ordered)]
    return f"finished as (\n    select {', '.join(columns)}\n    from joined\n)"
