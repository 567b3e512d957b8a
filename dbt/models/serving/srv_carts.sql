with carts as (
    select * from {{ ref('fct_carts') }}
    where cart_status <> 'merged'
),

srv_carts as (
    select
        company_id,
        cart_id,
        shop_id,
        is_guest,
        cart_status,
        is_all_kept,
        created_date,
        abandoned_date,
        converted_date,
        active_hours,
        lines_count,
        units,
        value_amount
    from carts
)

select * from srv_carts
