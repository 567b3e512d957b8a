{#
    One row per variant and run of days on which price, cost and coupons stayed the same: from `from_date` to the
    day before `next_date`. The runs of a variant follow one another and leave no day out. What changed within a
    day counts from that day on. Before the first known cost a unit cost that, before the first known price
    nobody knows.
#}
with price_history as (
    select * from {{ ref('stg_storefront__price_history') }}
),

cost_history as (
    select * from {{ ref('stg_storefront__cost_history') }}
),

variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

products as (
    select * from {{ ref('stg_storefront__products') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

coupon_days as (
    select * from {{ ref('int_variant_coupon_days') }}
),

ranked_prices as (
    select
        price_history.*,
        {{ local_date('price_history.valid_from_at', 'companies.timezone') }} as from_date,
        row_number() over (
            partition by
                price_history.company_id, price_history.variant_id,
                {{ local_date('price_history.valid_from_at', 'companies.timezone') }}
            order by price_history.valid_from_at desc, price_history.price_history_id desc
        ) as price_rank
    from price_history
    inner join companies on price_history.company_id = companies.company_id
),

prices as (
    select company_id, variant_id, from_date, unit_price_amount, regular_price_amount
    from ranked_prices
    where price_rank = 1
),

ranked_costs as (
    select
        cost_history.*,
        {{ local_date('cost_history.valid_from_at', 'companies.timezone') }} as from_date,
        row_number() over (
            partition by
                cost_history.company_id, cost_history.variant_id,
                {{ local_date('cost_history.valid_from_at', 'companies.timezone') }}
            order by cost_history.valid_from_at desc, cost_history.cost_history_id desc
        ) as cost_rank
    from cost_history
    inner join companies on cost_history.company_id = companies.company_id
),

costs as (
    select company_id, variant_id, from_date, unit_cost_amount
    from ranked_costs
    where cost_rank = 1
),

coupon_edges as (
    select company_id, variant_id, first_date as from_date, 1 as coupons_more from coupon_days
    union all
    select company_id, variant_id, last_date + 1 as from_date, -1 as coupons_more
    from coupon_days
    -- One without an end has none: the last run ends with its coupon.
    where last_date < date '9999-12-30'
),

coupons as (
    select company_id, variant_id, from_date, sum(coupons_more) as coupons_more
    from coupon_edges
    group by company_id, variant_id, from_date
),

edges as (
    select company_id, variant_id, date '1900-01-01' as from_date from variants
    union
    select company_id, variant_id, from_date from prices
    union
    select company_id, variant_id, from_date from costs
    union
    select company_id, variant_id, from_date from coupons
),

-- Each edge counts the prices and costs known up to it, so that the edges behind one fall into its group.
numbered as (
    select
        edges.company_id,
        edges.variant_id,
        edges.from_date,
        prices.unit_price_amount,
        prices.regular_price_amount,
        costs.unit_cost_amount,
        count(prices.from_date) over so_far as prices_count,
        count(costs.from_date) over so_far as costs_count,
        coalesce(sum(coupons.coupons_more) over so_far, 0) as coupons_count,
        lead(edges.from_date) over (
            partition by edges.company_id, edges.variant_id order by edges.from_date
        ) as next_edge_date
    from edges
    left join prices
        on
            edges.company_id = prices.company_id
            and edges.variant_id = prices.variant_id
            and edges.from_date = prices.from_date
    left join costs
        on
            edges.company_id = costs.company_id
            and edges.variant_id = costs.variant_id
            and edges.from_date = costs.from_date
    left join coupons
        on
            edges.company_id = coupons.company_id
            and edges.variant_id = coupons.variant_id
            and edges.from_date = coupons.from_date
    window so_far as (
        partition by edges.company_id, edges.variant_id order by edges.from_date
        rows between unbounded preceding and current row
    )
),

with_terms as (
    select
        company_id,
        variant_id,
        from_date,
        coalesce(next_edge_date, date '9999-12-31') as next_date,
        max(unit_price_amount) over same_price as unit_price_amount,
        max(regular_price_amount) over same_price as regular_price_amount,
        costs_count,
        max(unit_cost_amount) over same_cost as unit_cost_amount,
        max(case when costs_count = 1 then unit_cost_amount end) over (partition by company_id, variant_id)
            as first_cost_amount,
        coupons_count > 0 as has_coupon
    from numbered
    window
        same_price as (partition by company_id, variant_id, prices_count),
        same_cost as (partition by company_id, variant_id, costs_count)
),

-- A variant that was never given a history costs what it costs now.
terms as (
    select
        with_terms.company_id,
        with_terms.variant_id,
        with_terms.from_date,
        with_terms.next_date,
        with_terms.unit_price_amount,
        with_terms.regular_price_amount,
        case
            when with_terms.costs_count > 0 then with_terms.unit_cost_amount
            else coalesce(with_terms.first_cost_amount, variants.cost_amount, products.cost_amount)
        end as unit_cost_amount,
        with_terms.has_coupon
    from with_terms
    inner join variants
        on with_terms.company_id = variants.company_id and with_terms.variant_id = variants.variant_id
    inner join products
        on variants.company_id = products.company_id and variants.product_id = products.product_id
)

select * from terms
