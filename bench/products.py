"""A catalogue of any size, by set-based SQL: the same products for the same count, whoever measures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

# Numbers that look random and are not: of a product's place and of what is being chosen.
_CHOICE = (
    "create function pg_temp.choice(place bigint, what int, among int) returns int language sql immutable"
)
_CHOICE_BODY = "return ((hashint8extended(place, what) & 1073741823) % among)::int"
_WORD = "create function pg_temp.word(number int) returns text language sql immutable"
_WORD_BODY = """
return (array[
    'ba', 'ce', 'di', 'fo', 'gu', 'ha', 'je', 'ki', 'lo', 'mu', 'né', 'pa', 'ri', 'so', 'tü', 'va'
])[1 + number % 16] || (array[
    'l', 'n', 'r', 's', 't', 'm', 'k', 'v', 'nd', 'st', 'rk', 'lm', 'x', 'sch', 'p', 'g'
])[1 + number / 16 % 16] || (array['a', 'e', 'i', 'o', 'u', 'é', 'er', 'en'])[1 + number / 256 % 8]
"""

# Ten departments of ten categories of four each.
_CATEGORIES = """
    insert into categories (company_id, id, parent_id, name, slug)
    select
        %(company)s, md5('category ' || level || ' ' || place)::uuid,
        case when level > 0 then md5('category ' || (level - 1) || ' ' || place / width)::uuid end,
        initcap(pg_temp.word(place + 500 * level)) || ' ' || place, 'category-' || level || '-' || place
    from (values (0, 10, 1), (1, 100, 10), (2, 400, 4)) as depth (level, categories, width)
    cross join lateral generate_series(0, categories - 1) as place
    where level = %(level)s
"""

# One in five has three sizes in two colours. Sales and brands follow a long tail; one in 20 is a draft.
_PRODUCTS = """
    insert into products (
        company_id, id, category_id, sku, slug, name, short_description, description, brand, material, gender,
        price_amount, sale_price_amount, cost_amount, images, specifications, tags, options, rating_average,
        rating_count, sold_units, view_count, status, is_featured, is_new_arrival, published_at, created_at
    )
    select
        %(company)s, uuidv7(), md5('category 2 ' || pg_temp.choice(n, 1, 400))::uuid, 'P-' || n,
        'product-' || n,
        initcap(pg_temp.word(pg_temp.choice(n, 2, 300))) || ' ' || pg_temp.word(pg_temp.choice(n, 3, 2048))
        || ' ' || n,
        'A ' || pg_temp.word(pg_temp.choice(n, 4, 2048)) || ' for every day',
        (
            select string_agg(
                pg_temp.word(least(pg_temp.choice(n, 100 + w, 2048), pg_temp.choice(n, 200 + w, 2048))), ' '
            )
            from generate_series(1, 20) as w
        ),
        'Brand ' || least(pg_temp.choice(n, 5, 200), pg_temp.choice(n, 6, 200), pg_temp.choice(n, 7, 200)),
        (array['cotton', 'wool', 'steel', 'oak', 'glass'])[1 + pg_temp.choice(n, 8, 5)],
        (array['male', 'female', 'unisex'])[1 + pg_temp.choice(n, 9, 3)],
        price, case when pg_temp.choice(n, 10, 10) = 0 then round(price * 0.8, 2) end, round(price * 0.6, 2),
        jsonb_build_array(jsonb_build_object(
            'url', 'https://images.example.com/' || n || '.jpg', 'alt', '', 'is_primary', true
        )),
        jsonb_build_object(
            'material', (array['cotton', 'wool', 'steel', 'oak', 'glass'])[1 + pg_temp.choice(n, 8, 5)],
            'origin', (array['DE', 'FR', 'IT', 'PT', 'PL', 'TR', 'CN', 'IN'])[1 + pg_temp.choice(n, 11, 8)],
            'guarantee', (1 + pg_temp.choice(n, 12, 5)) || ' years'
        ) || case when n %% 5 = 0 then '{}'::jsonb else jsonb_build_object(
            'colour', (array['red', 'blue', 'green', 'black', 'white'])[1 + pg_temp.choice(n, 13, 5)]
        ) end,
        case when tag_a = tag_b then jsonb_build_array(tag_a) else jsonb_build_array(tag_a, tag_b) end,
        case when n %% 5 = 0 then
            '[{"name": "size", "values": ["S", "M", "L"], "price_modifiers": {}},
              {"name": "colour", "values": ["red", "blue"], "price_modifiers": {}}]'::jsonb
        else '[]'::jsonb end,
        case when pg_temp.choice(n, 16, 3) = 0 then 0 else 1 + pg_temp.choice(n, 17, 401) / 100.0 end,
        case when pg_temp.choice(n, 16, 3) = 0 then 0 else 1 + pg_temp.choice(n, 18, 500) end,
        (10000 / (1 + pg_temp.choice(n, 19, 10000))), pg_temp.choice(n, 20, 5000),
        case when n %% 20 = 19 then 'draft' else 'published' end,
        pg_temp.choice(n, 21, 50) = 0, pg_temp.choice(n, 22, 30) = 0,
        case when n %% 20 <> 19 then timestamptz '2026-01-01' + n * interval '37 seconds' end,
        timestamptz '2026-01-01' + n * interval '37 seconds'
    from generate_series(0, %(count)s::bigint - 1) as n
    cross join lateral (
        select
            1 + pg_temp.choice(n, 23, 300) + 0.99 as price,
            'tag ' || pg_temp.choice(n, 14, 40) as tag_a, 'tag ' || pg_temp.choice(n, 15, 40) as tag_b
    ) as chosen
"""
_VARIANTS = """
    insert into variants (company_id, id, product_id, sku, options, price_modifier_amount, display_order)
    select product.company_id, uuidv7(), product.id, product.sku || suffix, choice.options, modifier, place
    from products as product
    inner join lateral (
        select '' as suffix, '{}'::jsonb as options, 0 as modifier, 0 as place
        where product.options = '[]'::jsonb
        union all
        select
            '-' || size || '-' || colour, jsonb_build_object('size', size, 'colour', colour),
            case size when 'L' then 2 else 0 end, row_number() over (order by size, colour)
        from unnest(array['S', 'M', 'L']) as size
        cross join unnest(array['red', 'blue']) as colour
        where product.options <> '[]'::jsonb
    ) as choice on true
    where product.company_id = %(company)s
"""
# What the trigger of new variants would write, row by row and twenty times slower.
_HISTORY = """
    with terms as (select * from variant_terms where company_id = %(company)s),
    prices as (
        insert into price_history (
            company_id, variant_id, unit_price_amount, regular_price_amount, valid_from
        )
        select company_id, variant_id, unit_price_amount, regular_price_amount, now() from terms
    )
    insert into cost_history (company_id, variant_id, unit_cost_amount, valid_from)
    select company_id, variant_id, unit_cost_amount, now() from terms
"""
# One variant in eight is sold out.
_STOCK = """
    insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason, unit_cost_amount)
    select
        variant.company_id, location.id, variant.id,
        1 + (hashtextextended(variant.sku, 1) & 1023) %% 50, 'opening', 5
    from variants as variant
    inner join locations as location
        on variant.company_id = location.company_id and location.kind <> 'in_transit'
    where variant.company_id = %(company)s and (hashtextextended(variant.sku, 2) & 7) > 0
"""


def fill_products(connection: psycopg.Connection[Any], company: UUID, count: int) -> None:
    """Give a company that has no products categories, ``count`` products, and stock at each of its locations.

    The connection is the owner's.
    """
    values = {"company": company, "count": count}
    with connection.transaction():
        connection.execute(f"{_CHOICE} {_CHOICE_BODY}")
        connection.execute(f"{_WORD} {_WORD_BODY}")
        for level in range(3):
            connection.execute(_CATEGORIES, {**values, "level": level})
        connection.execute(_PRODUCTS, values)
        connection.execute("alter table variants disable trigger record_terms_added")
        connection.execute(_VARIANTS, values)
        connection.execute("alter table variants enable trigger record_terms_added")
        connection.execute(_HISTORY, values)
        connection.execute(_STOCK, values)
        connection.execute("drop function pg_temp.choice, pg_temp.word")
    connection.execute("analyze")
