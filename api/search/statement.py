"""The parts of a search's SQL. Words in braces are filled in by `api.search.queries`."""

AVAILABILITY = (
    "case when stock.available_units > 0 then 'in_stock' when stock.allow_backorder then 'backorder'"
    " else 'out_of_stock' end"
)
IN_SUBTREES = """product.category_id in (
            select inside.id
            from categories as root
            inner join categories as inside
                on root.company_id = inside.company_id and starts_with(inside.path, root.path)
            where root.company_id = :company_id and root.id = any({roots})
        )"""
DRAWN = """
    and location.id in (
        select shop_location.location_id from shop_locations as shop_location
        where shop_location.company_id = :company_id and shop_location.shop_id = any({shop_ids})
    )"""
# The sets of a large catalogue stay in memory, where keys are cheap to follow; nothing is compiled.
SETTINGS = (
    "select set_config('work_mem', '32MB', true), set_config('random_page_cost', '1.1', true),"
    " set_config('jit', 'off', true)"
)
_AVAILABLE = """
        level.variant_id,
        sum(greatest(level.available_units, 0))::integer as available_units,
        bool_or(level.allow_backorder) as allow_backorder"""
# All levels are read once for many variants; for what some words found, each by its key. (Left to choose, the
# planner reads all for a few thousand, at ten times the time.)
STOCK_OF_MANY = f"""
    select{_AVAILABLE}
    from stock_levels as level
    where level.company_id = :company_id and level.location_id in (select drawn.id from drawn)
    and level.variant_id in (select offers.variant_id from offers)
    group by level.variant_id
"""
STOCK_OF_FEW = f"""
    select{_AVAILABLE}
    from offers as offer
    cross join drawn
    cross join lateral (
        select stock_levels.variant_id, stock_levels.available_units, stock_levels.allow_backorder
        from stock_levels
        where stock_levels.company_id = :company_id and stock_levels.location_id = drawn.id
        and stock_levels.variant_id = offer.variant_id
        offset 0
    ) as level
    group by level.variant_id
"""
ITEMS = """
        select coalesce(json_agg(page.item order by page.place), '[]'::json) from page
    """

# What is told of a hit: prices and stock of its fitting variants.
_HIT = """        min(judged.unit_price_amount) as lowest_price_amount,
        max(judged.unit_price_amount) as highest_price_amount,
        sum(judged.available_units)::integer as available_units,
        case
            when bool_or(judged.availability = 'in_stock') then 'in_stock'
            when bool_or(judged.availability = 'backorder') then 'backorder'
            else 'out_of_stock'
        end as availability"""

EXAMINED = """
with money as materialized (
    select
        company.currency,
        case when minor_unit_digits(company.currency) = 0 then 100 else 1 end as scale
    from companies as company
    where company.id = :company_id
),

-- Where the shops in question take what they sell from. What is on its way can't be sold yet.
drawn as materialized (
    select location.id from locations as location
    where location.company_id = :company_id and location.archived_at is null
    and location.kind <> 'in_transit'{drawn}
),

-- The prices of products as in the view variant_terms, which asks row by row; few have a schedule in force.
scheduled as materialized (
    select distinct on (schedule.product_id)
        schedule.product_id, schedule.price_amount, schedule.sale_price_amount
    from price_schedules as schedule
    where schedule.company_id = :company_id and schedule.cancelled_at is null
    and schedule.starts_at <= now() and (schedule.ends_at is null or schedule.ends_at > now())
    order by schedule.product_id, schedule.starts_at desc, schedule.id desc
),

examined as (
    select
        product.product_id, product.category_id, product.brand, product.tags, product.attributes,
        product.rating_average, product.rating_count, product.sold_units, product.view_count,
        product.listed_at, {rank} as rank,
        least(
            coalesce(scheduled.sale_price_amount, product.sale_price_amount),
            coalesce(scheduled.price_amount, product.price_amount)
        ) as price_amount,
        {product_faults} as faults
    from {source}
    left join scheduled on product.product_id = scheduled.product_id
    where {visible}
)"""

# All hits, with what fails one filter, to be counted.
COUNTED = (
    """candidates as materialized (
    select examined.*, examined.faults = 0 as is_hit from examined where {kept}
),

offers as materialized (
    select
        candidate.product_id, candidate.faults, variant.variant_id, variant.size, variant.colour,
        candidate.price_amount + variant.price_modifier_amount as unit_price_amount
    from candidates as candidate
    inner join search_variants as variant
        on variant.company_id = :company_id and candidate.product_id = variant.product_id
),

stock as materialized ({stock}),

tested as (
    select
        offer.product_id, offer.size, offer.colour, offer.unit_price_amount,
        coalesce(stock.available_units, 0) as available_units,
        """
    + AVAILABILITY
    + """ as availability,
        offer.faults
        + {variant_faults} as faults
    from offers as offer
    left join stock on offer.variant_id = stock.variant_id
),

judged as materialized (
    select tested.*, tested.faults = 0 as is_hit from tested where {kept}
),

hits as materialized (
    select
        judged.product_id,
"""
    + _HIT
    + """
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
    select ordered.*, row_number() over (order by {order}) as place
    from ordered
    where true {after}
    order by {order}
    limit :row_limit
)"""
)

# The hits of a page alone: products in order, each looked at by its key until there are enough.
LAZY = (
    """listed as (
    select ordered.*, row_number() over (order by {order}) as place
    from (
        select ordered.*, hit.*
        from (
            select ordered.* from examined as ordered
            where ordered.faults = 0 {after}
            order by {order}
            offset 0
        ) as ordered
        cross join lateral (
            select
"""
    + _HIT
    + """
            from (
                select
                    ordered.price_amount + variant.price_modifier_amount as unit_price_amount,
                    coalesce(stock.available_units, 0) as available_units,
                    """
    + AVAILABILITY
    + """ as availability
                from search_variants as variant
                cross join lateral (
                    select
                        sum(greatest(level.available_units, 0))::integer as available_units,
                        bool_or(level.allow_backorder) as allow_backorder
                    from drawn
                    inner join stock_levels as level
                        on level.company_id = :company_id and drawn.id = level.location_id
                        and level.variant_id = variant.variant_id
                ) as stock
                where variant.company_id = :company_id and variant.product_id = ordered.product_id
            ) as judged
            having count(*) > 0
        ) as hit
        order by {order}
        limit :row_limit
    ) as ordered
)"""
)

PAGE = """page as (
    select
        listed.place,
        json_build_object(
            'keys', {keys},
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
    inner join products as product on product.company_id = :company_id and listed.product_id = product.id
)"""

# Of a facet of products count those with a variant that fits; of a facet of variants the fitting ones.
ELIGIBLE = """eligible as materialized (
    select candidate.* from candidates as candidate
    where (candidate.product_id, candidate.faults) in (select judged.product_id, judged.faults from judged)
)"""
