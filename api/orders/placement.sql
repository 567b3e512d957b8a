-- Places one order, or changes nothing. The API executes this file and `stockwise bench orders` gives it
-- to pgbench. A word after one colon is a parameter, and each is named once per statement.
-- Three statements, one round trip, one transaction.

-- First lock in the documented order: the idempotency row, which may not exist yet. A twin in flight waits
-- here, and the next statement's snapshot sees what it wrote. The plan of the next statement is made once a
-- connection, perhaps while the tables are small, and must stay right when they are not: by key, row by row.
select
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true),
    set_config('app.company_id', :company_id::text, true),
    set_config('app.user_id', coalesce(:user_id::text, ''), true),
    pg_advisory_xact_lock(hashtextextended(concat_ws(' ', :company_id::text, :scope::text, :key::text), 0));

-- Then the stock that the shop may draw on, in the one order in which all lock it. A statement of its own, so
-- that the next one's snapshot sees the rows, and the prices, as they are under the lock. (Locked and raised in
-- one statement, a row that somebody changed meanwhile is first checked against the version from before the
-- wait: with units that a cancellation has just given back, the check refused orders that could be filled.)
with request as not materialized (
    select :company_id::uuid as company_id, :scope::text as scope, :key::text as key, :shop_id::uuid as shop_id
),

wanted as materialized (
    select distinct
        coalesce(
            line.variant_id,
            (
                select variant.id from variants as variant
                where variant.company_id = request.company_id and variant.sku = line.sku
            )
        ) as variant_id
    from request
    cross join lateral unnest(:line_variant_ids::uuid [], :line_skus::text []) as line (variant_id, sku)
    where not exists (
        select from idempotency_keys as stored
        where stored.company_id = request.company_id and stored.scope = request.scope and stored.key = request.key
    )
),

drawn as materialized (
    select drawn_location.location_id, wanted.variant_id
    from request
    inner join shop_locations as drawn_location
        on request.company_id = drawn_location.company_id and request.shop_id = drawn_location.shop_id
    cross join wanted
)

select level.variant_id
from request
cross join drawn
inner join stock_levels as level
    on request.company_id = level.company_id and drawn.location_id = level.location_id
    and drawn.variant_id = level.variant_id
order by level.location_id, level.variant_id
for update of level;

with request as not materialized (
    select
        :company_id::uuid as company_id,
        :user_id::uuid as user_id,
        :request_id::text as request_id,
        :scope::text as scope,
        :key::text as key,
        :request_sha256::bytea as request_sha256,
        :placed_by::text as placed_by,
        :shop_id::uuid as shop_id,
        :customer_id::uuid as customer_id,
        :email::text as email,
        :shipping_address::jsonb as shipping_address,
        :billing_address::jsonb as billing_address,
        :shipping_method::text as shipping_method,
        :customer_note::text as customer_note,
        :expected_total_amount::numeric as expected_total_amount,
        :tax_country::text as tax_country,
        :tax_region::text as tax_region,
        coalesce(:shipping_amount::numeric, 0) as shipping_amount,
        :coupon_code::text as coupon_code,
        :checkout_id::uuid as checkout_id,
        :cart_id::uuid as cart_id,
        coalesce(:is_part_of_checkout::boolean, false) as is_part_of_checkout
),

-- What this key was answered before. When it exists, nothing below finds a row.
prior as materialized (
    select
        stored.response_body,
        stored.resource_id,
        stored.request_sha256 = request.request_sha256 as is_same_request
    from request
    inner join idempotency_keys as stored
        on request.company_id = stored.company_id and request.scope = stored.scope and request.key = stored.key
),

-- One row. The shop is null when it is unknown or closed, the customer when there is none.
terms_of_sale as materialized (
    select
        company.currency,
        minor_unit_digits(company.currency) as digits,
        company.timezone,
        company.tax_rate,
        company.prices_include_tax,
        company.allocation_strategy,
        exists (
            select from tax_rates where tax_rates.company_id = company.id and tax_rates.archived_at is null
        ) as has_tax_rates,
        coalesce((request.shipping_address ->> 'latitude')::float8, shop.latitude) as goal_latitude,
        coalesce((request.shipping_address ->> 'longitude')::float8, shop.longitude) as goal_longitude,
        now() + company.reservation_minutes * interval '1 minute' as expires_at,
        shop.id as shop_id,
        customer.id as customer_id,
        customer.id is not null or request.customer_id is null as is_customer_known
    from request
    inner join companies as company on request.company_id = company.id
    left join shops as shop
        on request.company_id = shop.company_id and request.shop_id = shop.id
        and shop.is_active and shop.archived_at is null
    left join customers as customer
        on request.company_id = customer.company_id and request.customer_id = customer.id
        and customer.archived_at is null
    where not exists (select from prior)
),

asked as materialized (
    select
        line.position,
        line.quantity_units,
        line.variant_id as asked_variant_id,
        line.sku as asked_sku,
        line.discount_amount,
        line.tax_rate,
        line.expected_unit_price_amount,
        coalesce(
            line.variant_id,
            (
                select variant.id from variants as variant
                where variant.company_id = request.company_id and variant.sku = line.sku
            )
        ) as variant_id
    from request
    cross join terms_of_sale
    cross join lateral unnest(
        :line_variant_ids::uuid [], :line_skus::text [], :line_quantities::int [], :line_discounts::numeric [],
        :line_tax_rates::numeric [], :line_expected_prices::numeric []
    ) with ordinality as line (
        variant_id, sku, quantity_units, discount_amount, tax_rate, expected_unit_price_amount, position
    )
),

-- One row per variant: the same variant named twice is one line with both quantities.
merged as (
    select
        asked.variant_id,
        sum(asked.quantity_units)::int as quantity_units,
        min(asked.position) as position,
        coalesce(sum(asked.discount_amount), 0) as discount_amount,
        max(asked.tax_rate) as tax_rate,
        max(asked.expected_unit_price_amount) as expected_unit_price_amount
    from asked
    group by asked.variant_id
),

-- The limit keeps the planner to one lookup by key per line. A line that was quoted brings its rate of tax and
-- its share of discounts; else the rate is that of its category and of where it goes.
lines as materialized (
    select
        uuidv7() as line_id,
        (row_number() over (order by merged.position))::int as line_number,
        merged.variant_id,
        merged.quantity_units,
        terms.sku,
        terms.product_name,
        terms.variant_name,
        terms.image_url,
        terms.unit_price_amount,
        terms.unit_cost_amount,
        round(merged.quantity_units * terms.unit_price_amount, terms_of_sale.digits) as line_amount,
        merged.discount_amount,
        case
            when merged.tax_rate is not null then merged.tax_rate
            when terms_of_sale.has_tax_rates then tax_rate_for(
                request.company_id,
                (
                    select product.category_id from products as product
                    where product.company_id = request.company_id and product.id = terms.product_id
                ),
                request.tax_country,
                request.tax_region,
                now()
            )
            else terms_of_sale.tax_rate
        end as tax_rate,
        merged.expected_unit_price_amount,
        coalesce(merged.expected_unit_price_amount <> terms.unit_price_amount, false) as is_price_changed
    from request
    cross join terms_of_sale
    cross join merged
    left join lateral (
        select * from variant_terms as known
        where known.company_id = request.company_id and known.variant_id = merged.variant_id
        and known.is_sellable and (known.shop_id is null or known.shop_id = request.shop_id)
        limit 1
    ) as terms on true
),

-- An unknown variant, another company's and one that is not sold here look the same.
unknown as materialized (
    select asked.position, asked.asked_variant_id, asked.asked_sku
    from asked
    inner join lines on asked.variant_id is not distinct from lines.variant_id
    where lines.sku is null
),

-- Tax of a line, less its share of discounts, rounded half away from zero.
taxed as materialized (
    select
        lines.*,
        case
            when terms_of_sale.prices_include_tax
                then round((lines.line_amount - lines.discount_amount) * lines.tax_rate / (1 + lines.tax_rate), digits)
            else round((lines.line_amount - lines.discount_amount) * lines.tax_rate, digits)
        end as tax_amount
    from lines
    cross join terms_of_sale
),

drawn as materialized (
    select
        drawn_location.location_id,
        drawn_location.priority,
        lines.line_id,
        lines.variant_id,
        lines.quantity_units,
        case terms_of_sale.allocation_strategy
            when 'nearest' then distance_km(
                location.latitude, location.longitude, terms_of_sale.goal_latitude, terms_of_sale.goal_longitude
            )
        end as distance_km,
        terms_of_sale.allocation_strategy = 'most_stock' as is_most_stock_first
    from request
    cross join terms_of_sale
    inner join shop_locations as drawn_location
        on request.company_id = drawn_location.company_id and request.shop_id = drawn_location.shop_id
    inner join locations as location
        on drawn_location.company_id = location.company_id and drawn_location.location_id = location.id
        and location.is_active and location.archived_at is null
    cross join lines
    where not exists (select from unknown)
),

-- Locked before, save for a level that was added since.
levels as materialized (
    select
        drawn.line_id,
        drawn.quantity_units,
        drawn.priority,
        drawn.distance_km,
        case when drawn.is_most_stock_first then -greatest(level.available_units, 0) end as stock_rank,
        level.location_id,
        level.variant_id,
        greatest(level.available_units, 0) as free_units,
        level.available_units,
        level.allow_backorder,
        level.low_stock_threshold_units
    from request
    cross join drawn
    inner join stock_levels as level
        on request.company_id = level.company_id and drawn.location_id = level.location_id
        and drawn.variant_id = level.variant_id
    order by level.location_id, level.variant_id
    for update of level
),

-- Locations give by the company's strategy: the nearest first, or the one with the most, else (and of equal
-- ones, or where a place is not known) by the shop's priority. A line is split over as many as it takes; what
-- they lack is promised by the first that allows backorder.
drawable as (
    select
        levels.*,
        sum(levels.free_units) over by_strategy - levels.free_units as free_before_units,
        sum(levels.free_units) over (partition by levels.variant_id) as free_total_units,
        levels.allow_backorder
        and count(*) filter (where levels.allow_backorder) over by_strategy = 1 as is_first_backorder
    from levels
    window by_strategy as (
        partition by levels.variant_id
        order by levels.distance_km nulls last, levels.stock_rank, levels.priority, levels.location_id
        rows between unbounded preceding and current row
    )
),

split as (
    select
        drawable.*,
        least(drawable.free_units, greatest(drawable.quantity_units - drawable.free_before_units, 0)) as held_units,
        case
            when drawable.is_first_backorder then greatest(drawable.quantity_units - drawable.free_total_units, 0) else 0
        end as shortfall_units
    from drawable
),

allocated as materialized (
    select
        split.line_id,
        split.location_id,
        split.variant_id,
        (split.held_units + split.shortfall_units)::int as reserved_units,
        split.shortfall_units::int as shortfall_units,
        split.available_units,
        split.low_stock_threshold_units
    from split
    where split.held_units + split.shortfall_units > 0
),

coverage as materialized (
    select
        lines.line_id,
        lines.variant_id,
        lines.sku,
        lines.quantity_units,
        coalesce(sum(allocated.reserved_units), 0) as reserved_units,
        coalesce(sum(allocated.shortfall_units), 0)::int as shortfall_units
    from lines
    left join allocated on lines.line_id = allocated.line_id
    group by lines.line_id, lines.variant_id, lines.sku, lines.quantity_units
),

totals as materialized (
    select
        sum(taxed.line_amount) as subtotal_amount,
        sum(taxed.discount_amount) as discount_amount,
        sum(taxed.tax_amount) as tax_amount,
        request.shipping_amount,
        sum(taxed.line_amount) - sum(taxed.discount_amount) + request.shipping_amount
        + case when terms_of_sale.prices_include_tax then 0 else sum(taxed.tax_amount) end as total_amount,
        bool_or(taxed.is_price_changed) as is_price_changed
    from taxed
    cross join request
    cross join terms_of_sale
    group by terms_of_sale.prices_include_tax, request.shipping_amount
),

refusal as materialized (
    select case
        when terms_of_sale.shop_id is null then 'unknown_shop'
        when not terms_of_sale.is_customer_known then 'unknown_customer'
        when exists (select from unknown) then 'unknown_sku'
        when exists (select from coverage where coverage.reserved_units <> coverage.quantity_units) then 'out_of_stock'
        when (
            select totals.is_price_changed or coalesce(totals.total_amount <> request.expected_total_amount, false)
            from totals
        ) then 'price_changed'
    end as reason
    from request
    cross join terms_of_sale
),

-- The gate: it has a row only when the order stands, and every writing branch below hangs on it.
placed as materialized (
    select
        request.company_id,
        uuidv7() as order_id,
        document_number('ORD', nextval('order_number_seq'), now(), terms_of_sale.timezone) as order_number,
        terms_of_sale.customer_id,
        terms_of_sale.currency,
        terms_of_sale.digits,
        terms_of_sale.prices_include_tax,
        terms_of_sale.expires_at,
        totals.subtotal_amount,
        totals.discount_amount,
        totals.tax_amount,
        totals.shipping_amount,
        totals.total_amount
    from refusal
    cross join request
    cross join terms_of_sale
    cross join totals
    where refusal.reason is null
),

placed_lines as materialized (
    select
        taxed.*,
        placed.company_id,
        placed.order_id,
        placed.digits,
        taxed.line_amount - taxed.discount_amount
        - case when placed.prices_include_tax then taxed.tax_amount else 0 end as net_amount,
        taxed.line_amount - taxed.discount_amount
        + case when placed.prices_include_tax then 0 else taxed.tax_amount end as gross_amount,
        coverage.shortfall_units as backordered_units
    from placed
    cross join taxed
    inner join coverage on taxed.line_id = coverage.line_id
),

new_order as (
    insert into orders (
        company_id, id, order_number, checkout_id, cart_id, shop_id, customer_id, email, placed_by,
        placed_by_user_id, currency, prices_include_tax, subtotal_amount, tax_amount, shipping_amount,
        discount_amount, total_amount, shipping_address, billing_address, shipping_method, coupon_code,
        customer_note, reservation_expires_at
    )
    select
        placed.company_id, placed.order_id, placed.order_number, request.checkout_id, request.cart_id,
        request.shop_id, placed.customer_id, request.email, request.placed_by, request.user_id, placed.currency,
        placed.prices_include_tax, placed.subtotal_amount, placed.tax_amount, placed.shipping_amount,
        placed.discount_amount, placed.total_amount, request.shipping_address, request.billing_address,
        request.shipping_method, request.coupon_code, request.customer_note, placed.expires_at
    from placed
    cross join request
),

new_lines as (
    insert into order_lines (
        company_id, id, order_id, variant_id, line_number, sku, product_name, variant_name, image_url, quantity_units,
        unit_price_amount, unit_cost_amount, line_amount, discount_amount, tax_rate, net_amount, tax_amount,
        gross_amount, backordered_units
    )
    select
        company_id, line_id, order_id, variant_id, line_number, sku, product_name, variant_name, image_url,
        quantity_units, unit_price_amount, unit_cost_amount, line_amount, discount_amount, tax_rate, net_amount,
        tax_amount, gross_amount, backordered_units
    from placed_lines
),

new_reservations as (
    insert into reservations (
        company_id, location_id, variant_id, owner_id, owner_line_id, reserved_units, shortfall_units, expires_at
    )
    select
        placed.company_id, allocated.location_id, allocated.variant_id, placed.order_id, allocated.line_id,
        allocated.reserved_units, allocated.shortfall_units, placed.expires_at
    from placed
    cross join allocated
),

held_stock as (
    update stock_levels as level
    set reserved_units = level.reserved_units + allocated.reserved_units, updated_at = now()
    from placed
    cross join allocated
    where level.company_id = placed.company_id and level.location_id = allocated.location_id
    and level.variant_id = allocated.variant_id
),

new_history as (
    insert into order_history (company_id, order_id, to_status, changed_by)
    select placed.company_id, placed.order_id, 'pending', request.user_id
    from placed
    cross join request
),

document as materialized (
    select row_to_json(answer)::text as body
    from (
        select
            placed.order_id as id,
            placed.order_number,
            'pending' as status,
            'unpaid' as payment_status,
            request.shop_id,
            placed.customer_id,
            request.email,
            request.placed_by,
            placed.currency,
            placed.prices_include_tax,
            round(placed.subtotal_amount, placed.digits)::text as subtotal_amount,
            round(placed.tax_amount, placed.digits)::text as tax_amount,
            round(placed.shipping_amount, placed.digits)::text as shipping_amount,
            round(placed.discount_amount, placed.digits)::text as discount_amount,
            round(placed.total_amount, placed.digits)::text as total_amount,
            request.shipping_address,
            request.billing_address,
            request.shipping_method,
            request.coupon_code,
            request.checkout_id,
            request.customer_note,
            instant_text(now()) as placed_at,
            instant_text(placed.expires_at) as reservation_expires_at,
            null::text as confirmed_at,
            null::text as shipped_at,
            null::text as delivered_at,
            null::text as completed_at,
            null::text as cancelled_at,
            null::text as cancellation_reason,
            (
                select json_agg(row_to_json(line) order by line.line_number)
                from (
                    select
                        line_id as id,
                        line_number,
                        variant_id,
                        sku,
                        product_name,
                        variant_name,
                        image_url,
                        quantity_units,
                        unit_price_amount::text as unit_price_amount,
                        round(line_amount, digits)::text as line_amount,
                        round(discount_amount, digits)::text as discount_amount,
                        tax_rate::numeric(9, 6)::text as tax_rate,
                        round(net_amount, digits)::text as net_amount,
                        round(tax_amount, digits)::text as tax_amount,
                        round(gross_amount, digits)::text as gross_amount,
                        backordered_units,
                        0 as fulfilled_units,
                        0 as cancelled_units,
                        0 as returned_units
                    from placed_lines
                ) as line
            ) as lines
        from placed
        cross join request
    ) as answer
),

new_events as (
    insert into events (company_id, type, aggregate_type, aggregate_id, payload, actor_user_id, request_id)
    select
        placed.company_id,
        'order.created',
        'order',
        placed.order_id,
        jsonb_build_object(
            'order_id', placed.order_id,
            'order_number', placed.order_number,
            'shop_id', request.shop_id,
            'customer_id', placed.customer_id,
            'currency', placed.currency,
            'total_amount', placed.total_amount::text,
            'lines', (
                select jsonb_agg(jsonb_build_object('variant_id', variant_id, 'quantity_units', quantity_units))
                from placed_lines
            )
        ),
        request.user_id,
        request.request_id
    from placed
    cross join request
    union all
    -- Once a crossing: the level was above its threshold before this order, and is not now.
    select
        placed.company_id,
        case when allocated.available_units <= allocated.reserved_units
            then 'inventory.out_of_stock' else 'inventory.low_stock' end,
        'variant',
        allocated.variant_id,
        jsonb_build_object(
            'location_id', allocated.location_id,
            'variant_id', allocated.variant_id,
            'available_units', allocated.available_units - allocated.reserved_units,
            'low_stock_threshold_units', allocated.low_stock_threshold_units
        ),
        request.user_id,
        request.request_id
    from placed
    cross join request
    cross join allocated
    where allocated.available_units > 0 and allocated.available_units <= allocated.reserved_units
    or allocated.available_units > allocated.low_stock_threshold_units
    and allocated.available_units - allocated.reserved_units <= allocated.low_stock_threshold_units
),

new_key as (
    insert into idempotency_keys (
        company_id, scope, key, request_sha256, status_code, response_body, resource_id
    )
    select
        placed.company_id, request.scope, request.key, request.request_sha256, 201, document.body, placed.order_id
    from placed
    cross join request
    cross join document
    where not request.is_part_of_checkout
)

-- One row, whatever happened.
select
    case
        when prior.is_same_request then 'replayed'
        when prior.response_body is not null then 'key_reused'
        else coalesce(refusal.reason, 'placed')
    end as outcome,
    coalesce(document.body, prior.response_body) as response_body,
    coalesce(placed.order_id, prior.resource_id) as order_id,
    case refusal.reason
        when 'unknown_sku' then (
            select json_agg(json_build_object(
                'line', unknown.position - 1, 'sku', unknown.asked_sku, 'variant_id', unknown.asked_variant_id
            ) order by unknown.position)
            from unknown
        )
        when 'out_of_stock' then (
            select json_agg(json_build_object(
                'sku', coverage.sku, 'variant_id', coverage.variant_id, 'requested_units', coverage.quantity_units,
                'available_units', coverage.reserved_units
            ) order by coverage.sku)
            from coverage
            where coverage.reserved_units <> coverage.quantity_units
        )
        when 'price_changed' then (
            select json_build_object(
                'total_amount', round(totals.total_amount, (select digits from terms_of_sale))::text,
                'lines', (
                    select coalesce(json_agg(json_build_object(
                        'sku', taxed.sku, 'variant_id', taxed.variant_id,
                        'expected_unit_price_amount', taxed.expected_unit_price_amount::text,
                        'unit_price_amount', taxed.unit_price_amount::text
                    ) order by taxed.line_number), '[]')
                    from taxed
                    where taxed.is_price_changed
                )
            )
            from totals
        )
    end as details
from (select) as always
left join prior on true
left join refusal on true
left join placed on true
left join document on true;
