"""What the hits are made of: counts by value, each facet counted as if its own filter were not set."""

from __future__ import annotations

from enum import IntEnum

MOST_VALUES = 50
MOST_ATTRIBUTES = 20
ATTRIBUTE_SEPARATOR = "\x1f"
_PRICE_STEPS = "array[0, 10, 25, 50, 100, 250, 500, 1000]::numeric []"


class Bits(IntEnum):
    """Which filter a row fails; attributes have one bit each, from the first on."""

    BRAND = 1
    CATEGORY = 2
    TAG = 4
    RATING = 8
    PRICE = 16
    AVAILABILITY = 32
    SIZE = 64
    COLOUR = 128
    FIRST_ATTRIBUTE = 256


def facet_columns() -> list[str]:
    """Write a column of the result for each facet."""
    of_brands = f"""
            select eligible.brand as value, count(*) as product_count from eligible
            where (eligible.is_hit or eligible.faults = {Bits.BRAND:d}) and eligible.brand is not null
            group by eligible.brand"""
    of_tags = f"""
            select tag.value, count(*) as product_count
            from eligible
            cross join lateral unnest(eligible.tags) as tag (value)
            where eligible.is_hit or eligible.faults = {Bits.TAG:d}
            group by tag.value"""
    columns = {
        "brands": _by_value(of_brands, chosen="chosen_brands"),
        "tags": _by_value(of_tags, chosen="chosen_tags"),
        "sizes": _by_value(_of_variants("size", Bits.SIZE), chosen="chosen_sizes"),
        "colours": _by_value(_of_variants("colour", Bits.COLOUR), chosen="chosen_colours"),
        "availability": _AVAILABILITY,
        "categories": _CATEGORIES,
        "ratings": _RATINGS,
        "prices": _PRICES,
        "attributes": _ATTRIBUTES,
    }
    return [f"({column}) as {name}" for name, column in columns.items()]


def _of_variants(column: str, bit: int) -> str:
    return f"""
            select fitting.value, count(*) as product_count
            from (
                select distinct judged.product_id, judged.{column} as value from judged
                where (judged.is_hit or judged.faults = {bit:d}) and judged.{column} is not null
            ) as fitting
            group by fitting.value"""


def _by_value(counted: str, *, chosen: str) -> str:
    """The commonest values, what was chosen first; ``value_count`` says how many there are."""
    return f"""
        select json_build_object(
            'value_count', coalesce(max(ranked.value_count), 0),
            'values', coalesce(json_agg(
                json_build_object(
                    'value', ranked.value, 'product_count', ranked.product_count,
                    'is_chosen', ranked.is_chosen
                ) order by ranked.place
            ), '[]'::json)
        )
        from (
            select
                placed.*, count(*) over () as value_count,
                row_number() over (
                    order by placed.is_chosen desc, placed.product_count desc, placed.value collate "C"
                ) as place
            from (
                select counted.*, counted.value = any(cast(:{chosen} as text [])) as is_chosen
                from ({counted}
                ) as counted
            ) as placed
        ) as ranked
        where ranked.place <= {MOST_VALUES}"""


_AVAILABILITY = f"""
        select coalesce(json_object_agg(counted.value, counted.product_count), '{{}}'::json)
        from ({_of_variants("availability", Bits.AVAILABILITY)}
        ) as counted"""

# A product counts in its category and in all above it.
_CATEGORIES = f"""
        select json_build_object(
            'value_count', coalesce(max(ranked.value_count), 0),
            'values', coalesce(json_agg(
                json_build_object(
                    'id', ranked.id, 'parent_id', ranked.parent_id, 'name', ranked.name, 'slug', ranked.slug,
                    'level', ranked.level, 'product_count', ranked.product_count,
                    'is_chosen', ranked.is_chosen
                ) order by ranked.place
            ), '[]'::json)
        )
        from (
            select
                category.id, category.parent_id, category.name, category.slug, category.level,
                summed.product_count, category.id = any(cast(:chosen_categories as uuid [])) as is_chosen,
                count(*) over () as value_count,
                row_number() over (
                    order by
                        category.id = any(cast(:chosen_categories as uuid [])) desc,
                        summed.product_count desc, category.level, category.id
                ) as place
            from (
                select part.id, sum(counted.product_count)::integer as product_count
                from (
                    select eligible.category_id, count(*) as product_count from eligible
                    where eligible.is_hit or eligible.faults = {Bits.CATEGORY:d}
                    group by eligible.category_id
                ) as counted
                inner join categories as own
                    on own.company_id = :company_id and counted.category_id = own.id
                cross join lateral unnest(
                    string_to_array(trim(trailing '/' from own.path), '/')::uuid []
                ) as part (id)
                group by part.id
            ) as summed
            inner join categories as category
                on category.company_id = :company_id and summed.id = category.id
            where category.is_active and category.archived_at is null
        ) as ranked
        where ranked.place <= {MOST_VALUES}"""

_RATINGS = f"""
        select json_agg(
            json_build_object('rating_from', steps.stars, 'product_count', counted.products[steps.stars])
            order by steps.stars desc
        )
        from (
            select array[
                count(*) filter (where eligible.rating_average >= 1),
                count(*) filter (where eligible.rating_average >= 2),
                count(*) filter (where eligible.rating_average >= 3),
                count(*) filter (where eligible.rating_average >= 4)
            ] as products
            from eligible
            where eligible.is_hit or eligible.faults = {Bits.RATING:d}
        ) as counted
        cross join generate_series(1, 4) as steps (stars)"""

# The same steps in every shop, a hundred times as much where the currency has no cents.
_PRICES = f"""
        select json_build_object(
            'lowest_amount', min(counted.lowest_amount)::text,
            'highest_amount', max(counted.highest_amount)::text,
            'bands', coalesce(json_agg(
                json_build_object(
                    'from_amount', (steps.amounts[counted.place] * money.scale)::text,
                    'below_amount', (steps.amounts[counted.place + 1] * money.scale)::text,
                    'product_count', counted.product_count
                ) order by counted.place
            ), '[]'::json)
        )
        from (
            select
                fitting.place, count(*) as product_count, min(fitting.lowest_amount) as lowest_amount,
                max(fitting.highest_amount) as highest_amount
            from (
                select
                    judged.product_id,
                    width_bucket(judged.unit_price_amount / money.scale, {_PRICE_STEPS}) as place,
                    min(judged.unit_price_amount) as lowest_amount,
                    max(judged.unit_price_amount) as highest_amount
                from judged
                cross join money
                where judged.is_hit or judged.faults = {Bits.PRICE:d}
                group by 1, 2
            ) as fitting
            group by fitting.place
        ) as counted
        cross join money
        cross join (select {_PRICE_STEPS} as amounts) as steps"""

# Pairs of a name and a value. The values of a name that is filtered by are counted without that filter.
_ATTRIBUTES = f"""
        select json_build_object(
            'name_count', (select count(distinct name) from pairs),
            'names', coalesce(json_agg(
                json_build_object(
                    'name', names.name, 'value_count', names.value_count, 'values', names.values
                )
                order by names.is_chosen desc, names.product_count desc, names.name collate "C"
            ), '[]'::json)
        )
        from (
            select
                ranked.name, max(ranked.value_count) as value_count, bool_or(ranked.is_chosen) as is_chosen,
                sum(ranked.product_count) as product_count,
                json_agg(
                    json_build_object(
                        'value', ranked.value, 'product_count', ranked.product_count,
                        'is_chosen', ranked.is_chosen
                    ) order by ranked.place
                ) filter (where ranked.place <= {MOST_VALUES}) as values
            from (
                select
                    pairs.*, count(*) over (partition by pairs.name) as value_count,
                    row_number() over (
                        partition by pairs.name
                        order by pairs.is_chosen desc, pairs.product_count desc, pairs.value collate "C"
                    ) as place
                from pairs
            ) as ranked
            group by ranked.name
            order by
                bool_or(ranked.is_chosen) desc, sum(ranked.product_count) desc, ranked.name collate "C"
            limit {MOST_ATTRIBUTES}
        ) as names"""

# A common table of its own, because the facet reads it twice.
ATTRIBUTE_PAIRS = f"""pairs as materialized (
    select
        split_part(counted.pair, chr(31), 1) as name,
        substr(counted.pair, strpos(counted.pair, chr(31)) + 1) as value,
        counted.pair = any(cast(:chosen_attributes as text [])) as is_chosen,
        counted.product_count
    from (
        select attribute.pair, count(*) as product_count
        from eligible
        cross join lateral unnest(eligible.attributes) as attribute (pair)
        where eligible.is_hit
        or eligible.faults = {Bits.FIRST_ATTRIBUTE:d}
            << (array_position(
                cast(:attribute_names as text []), split_part(attribute.pair, chr(31), 1)
            ) - 1)
        group by attribute.pair
    ) as counted
)"""
