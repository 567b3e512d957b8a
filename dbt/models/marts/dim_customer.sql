-- No name, address, e-mail or code of another system: nobody needs them for numbers, and an erasure has
-- nothing to follow here.
with customers as (
    select * from {{ ref('stg_storefront__customers') }}
),

bought as (
    select * from {{ ref('int_customers_scored') }}
),

dim_customer as (
    select
        customers.company_id,
        customers.customer_id,
        cast(
            row_number() over (partition by customers.company_id order by customers.customer_id) as integer
        ) as customer_number,
        customers.country,
        customers.user_id is not null as is_registered,
        customers.accepts_marketing,
        customers.pseudonymised_at is not null as is_pseudonymised,
        bought.first_order_id,
        bought.first_order_date,
        bought.second_order_date,
        bought.last_order_date,
        cast(coalesce(bought.orders_count, 0) as integer) as orders_count,
        cast(coalesce(bought.units, 0) as integer) as units,
        cast(coalesce(bought.net_sales_amount, 0) as decimal(18, 2)) as net_sales_amount,
        cast(coalesce(bought.margin_amount, 0) as decimal(18, 2)) as margin_amount,
        cast(coalesce(bought.kept_net_sales_amount, 0) as decimal(18, 2)) as kept_net_sales_amount,
        cast(coalesce(bought.kept_margin_amount, 0) as decimal(18, 2)) as kept_margin_amount,
        bought.recency_score,
        bought.frequency_score,
        bought.monetary_score,
        coalesce(bought.segment, 'no_orders') as segment
    from customers
    left join bought
        on customers.company_id = bought.company_id and customers.customer_id = bought.customer_id
)

select * from dim_customer
