-- No name, address or e-mail: nobody needs them for numbers, and an erasure has nothing to follow here.
with customers as (
    select * from {{ ref('stg_storefront__customers') }}
),

order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

bought as (
    select
        company_id,
        customer_id,
        min(placed_date) as first_order_date,
        max(placed_date) as last_order_date,
        cast(count(distinct order_id) as integer) as orders_count
    from order_lines
    where customer_id is not null and sold_units > 0
    group by company_id, customer_id
),

dim_customer as (
    select
        customers.company_id,
        customers.customer_id,
        customers.external_code,
        customers.country,
        customers.user_id is not null as is_registered,
        customers.accepts_marketing,
        customers.pseudonymised_at is not null as is_pseudonymised,
        bought.first_order_date,
        bought.last_order_date,
        coalesce(bought.orders_count, 0) as orders_count
    from customers
    left join bought
        on customers.company_id = bought.company_id and customers.customer_id = bought.customer_id
)

select * from dim_customer
