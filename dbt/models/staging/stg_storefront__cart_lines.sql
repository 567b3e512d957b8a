with newest as (
    {{ newest_versions('cart_lines') }}
),

cart_lines as (
    select
        company_id,
        id as cart_line_id,
        cart_id,
        shop_id,
        variant_id,
        quantity_units,
        added_unit_price_amount,
        unit_price_amount,
        added_at,
        pull_number
    from newest
)

select * from cart_lines
