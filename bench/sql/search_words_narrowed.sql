-- words_narrowed of bench/search.py, as the API sends it; written by python -m bench.search.
begin;
select set_config('app.company_id', '00000000-0000-7000-8000-000000000001', true);
select set_config('work_mem', '32MB', true), set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true);

with money as materialized (
    select
        company.currency,
        case when minor_unit_digits(company.currency) = 0 then 100 else 1 end as scale
    from companies as company
    where company.id = '00000000000070008000000000000001'::uuid
),

-- Where the shops in question take what they sell from. What is on its way can't be sold yet.
drawn as materialized (
    select location.id from locations as location
    where location.company_id = '00000000000070008000000000000001'::uuid and location.archived_at is null
    and location.kind <> 'in_transit'
),

-- The prices of products as in the view variant_terms, which asks row by row; few have a schedule in force.
scheduled as materialized (
    select distinct on (schedule.product_id)
        schedule.product_id, schedule.price_amount, schedule.sale_price_amount
    from price_schedules as schedule
    where schedule.company_id = '00000000000070008000000000000001'::uuid and schedule.cancelled_at is null
    and schedule.starts_at <= now() and (schedule.ends_at is null or schedule.ends_at > now())
    order by schedule.product_id, schedule.starts_at desc, schedule.id desc
),

examined as (
    select
        product.product_id, product.category_id, product.brand, product.tags, product.attributes,
        product.rating_average, product.rating_count, product.sold_units, product.view_count,
        product.listed_at, found.rank as rank,
        least(
            coalesce(scheduled.sale_price_amount, product.sale_price_amount),
            coalesce(scheduled.price_amount, product.price_amount)
        ) as price_amount,
        case when product.brand = any(cast('{"Brand 3","Brand 7"}' as text [])) then 0 else 1 end as faults
    from search_find_products(cast('néna' as text), cast(false as boolean)) as found
    inner join search_products as product
        on product.company_id = '00000000000070008000000000000001'::uuid and found.product_id = product.product_id
    left join scheduled on product.product_id = scheduled.product_id
    where product.company_id = '00000000000070008000000000000001'::uuid
),

candidates as materialized (
    select examined.*, examined.faults = 0 as is_hit from examined where (faults & (faults - 1)) = 0
),

offers as materialized (
    select
        candidate.product_id, candidate.faults, variant.variant_id, variant.size, variant.colour,
        candidate.price_amount + variant.price_modifier_amount as unit_price_amount
    from candidates as candidate
    inner join search_variants as variant
        on variant.company_id = '00000000000070008000000000000001'::uuid and candidate.product_id = variant.product_id
),

stock as materialized (
    select
        level.variant_id,
        sum(greatest(level.available_units, 0))::integer as available_units,
        bool_or(level.allow_backorder) as allow_backorder
    from offers as offer
    cross join drawn
    cross join lateral (
        select stock_levels.variant_id, stock_levels.available_units, stock_levels.allow_backorder
        from stock_levels
        where stock_levels.company_id = '00000000000070008000000000000001'::uuid and stock_levels.location_id = drawn.id
        and stock_levels.variant_id = offer.variant_id
        offset 0
    ) as level
    group by level.variant_id
),

tested as (
    select
        offer.product_id, offer.size, offer.colour, offer.unit_price_amount,
        coalesce(stock.available_units, 0) as available_units,
        case when stock.available_units > 0 then 'in_stock' when stock.allow_backorder then 'backorder' else 'out_of_stock' end as availability,
        offer.faults
        + case when offer.unit_price_amount >= cast(20 as numeric) and offer.unit_price_amount < cast(250 as numeric) then 0 else 16 end
        + case when case when stock.available_units > 0 then 'in_stock' when stock.allow_backorder then 'backorder' else 'out_of_stock' end = any(cast('{in_stock}' as text [])) then 0 else 32 end as faults
    from offers as offer
    left join stock on offer.variant_id = stock.variant_id
),

judged as materialized (
    select tested.*, tested.faults = 0 as is_hit from tested where (faults & (faults - 1)) = 0
),

hits as materialized (
    select
        judged.product_id,
        min(judged.unit_price_amount) as lowest_price_amount,
        max(judged.unit_price_amount) as highest_price_amount,
        sum(judged.available_units)::integer as available_units,
        case
            when bool_or(judged.availability = 'in_stock') then 'in_stock'
            when bool_or(judged.availability = 'backorder') then 'backorder'
            else 'out_of_stock'
        end as availability
    from judged
    where judged.is_hit
    group by judged.product_id
),

ordered as (
    select
        hit.*, candidate.rank, candidate.rating_average, candidate.rating_count, candidate.sold_units,
        candidate.view_count, candidate.listed_at
    from hits as hit
    inner join candidates as candidate on hit.product_id = candidate.product_id
),

listed as (
    select ordered.*, row_number() over (order by ordered.lowest_price_amount, ordered.product_id) as place
    from ordered
    where true
    order by ordered.lowest_price_amount, ordered.product_id
    limit 25
),

page as (
    select
        listed.place,
        json_build_object(
            'keys', json_build_array(listed.lowest_price_amount::text, listed.product_id::text),
            'id', product.id, 'sku', product.sku, 'slug', product.slug, 'name', product.name,
            'short_description', product.short_description, 'subcategory', product.subcategory,
            'brand', product.brand, 'category_id', product.category_id, 'shop_id', product.shop_id,
            'images', product.images, 'tags', product.tags,
            'lowest_price_amount', listed.lowest_price_amount::text,
            'highest_price_amount', listed.highest_price_amount::text,
            'compare_at_price_amount', product.compare_at_price_amount::text,
            'availability', listed.availability, 'available_units', listed.available_units,
            'rating_average', product.rating_average::text, 'rating_count', product.rating_count,
            'is_featured', product.is_featured, 'is_new_arrival', product.is_new_arrival,
            'is_assumed', product.is_assumed, 'listed_at', instant_text(listed.listed_at)
        ) as item
    from listed
    inner join products as product on product.company_id = '00000000000070008000000000000001'::uuid and listed.product_id = product.id
),

eligible as materialized (
    select candidate.* from candidates as candidate
    where (candidate.product_id, candidate.faults) in (select judged.product_id, judged.faults from judged)
),

pairs as materialized (
    select
        split_part(counted.pair, chr(31), 1) as name,
        substr(counted.pair, strpos(counted.pair, chr(31)) + 1) as value,
        counted.pair = any(cast('{}' as text [])) as is_chosen,
        counted.product_count
    from (
        select attribute.pair, count(*) as product_count
        from eligible
        cross join lateral unnest(eligible.attributes) as attribute (pair)
        where eligible.is_hit
        or eligible.faults = 256
            << (array_position(
                cast('{}' as text []), split_part(attribute.pair, chr(31), 1)
            ) - 1)
        group by attribute.pair
    ) as counted
)

select
    (select count(*)::integer from hits) as product_count,
    money.currency,
    (
        select coalesce(json_agg(page.item order by page.place), '[]'::json) from page
    ) as items,
    (
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
                select counted.*, counted.value = any(cast('{"Brand 3","Brand 7"}' as text [])) as is_chosen
                from (
            select eligible.brand as value, count(*) as product_count from eligible
            where (eligible.is_hit or eligible.faults = 1) and eligible.brand is not null
            group by eligible.brand
                ) as counted
            ) as placed
        ) as ranked
        where ranked.place <= 50) as brands,
    (
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
                select counted.*, counted.value = any(cast('{}' as text [])) as is_chosen
                from (
            select tag.value, count(*) as product_count
            from eligible
            cross join lateral unnest(eligible.tags) as tag (value)
            where eligible.is_hit or eligible.faults = 4
            group by tag.value
                ) as counted
            ) as placed
        ) as ranked
        where ranked.place <= 50) as tags,
    (
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
                select counted.*, counted.value = any(cast('{}' as text [])) as is_chosen
                from (
            select fitting.value, count(*) as product_count
            from (
                select distinct judged.product_id, judged.size as value from judged
                where (judged.is_hit or judged.faults = 64) and judged.size is not null
            ) as fitting
            group by fitting.value
                ) as counted
            ) as placed
        ) as ranked
        where ranked.place <= 50) as sizes,
    (
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
                select counted.*, counted.value = any(cast('{}' as text [])) as is_chosen
                from (
            select fitting.value, count(*) as product_count
            from (
                select distinct judged.product_id, judged.colour as value from judged
                where (judged.is_hit or judged.faults = 128) and judged.colour is not null
            ) as fitting
            group by fitting.value
                ) as counted
            ) as placed
        ) as ranked
        where ranked.place <= 50) as colours,
    (
        select coalesce(json_object_agg(counted.value, counted.product_count), '{}'::json)
        from (
            select fitting.value, count(*) as product_count
            from (
                select distinct judged.product_id, judged.availability as value from judged
                where (judged.is_hit or judged.faults = 32) and judged.availability is not null
            ) as fitting
            group by fitting.value
        ) as counted) as availability,
    (
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
                summed.product_count, category.id = any(cast('{}' as uuid [])) as is_chosen,
                count(*) over () as value_count,
                row_number() over (
                    order by
                        category.id = any(cast('{}' as uuid [])) desc,
                        summed.product_count desc, category.level, category.id
                ) as place
            from (
                select part.id, sum(counted.product_count)::integer as product_count
                from (
                    select eligible.category_id, count(*) as product_count from eligible
                    where eligible.is_hit or eligible.faults = 2
                    group by eligible.category_id
                ) as counted
                inner join categories as own
                    on own.company_id = '00000000000070008000000000000001'::uuid and counted.category_id = own.id
                cross join lateral unnest(
                    string_to_array(trim(trailing '/' from own.path), '/')::uuid []
                ) as part (id)
                group by part.id
            ) as summed
            inner join categories as category
                on category.company_id = '00000000000070008000000000000001'::uuid and summed.id = category.id
            where category.is_active and category.archived_at is null
        ) as ranked
        where ranked.place <= 50) as categories,
    (
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
            where eligible.is_hit or eligible.faults = 8
        ) as counted
        cross join generate_series(1, 4) as steps (stars)) as ratings,
    (
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
                    width_bucket(judged.unit_price_amount / money.scale, array[0, 10, 25, 50, 100, 250, 500, 1000]::numeric []) as place,
                    min(judged.unit_price_amount) as lowest_amount,
                    max(judged.unit_price_amount) as highest_amount
                from judged
                cross join money
                where judged.is_hit or judged.faults = 16
                group by 1, 2
            ) as fitting
            group by fitting.place
        ) as counted
        cross join money
        cross join (select array[0, 10, 25, 50, 100, 250, 500, 1000]::numeric [] as amounts) as steps) as prices,
    (
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
                ) filter (where ranked.place <= 50) as values
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
            limit 20
        ) as names) as attributes
from money;

commit;
