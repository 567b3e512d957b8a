with newest as (
    {{ newest_versions('saved_items') }}
),

saved_items as (
    select
        company_id,
        id as saved_item_id,
        customer_id,
        shop_id,
        variant_id,
        quantity_units,
        unit_price_amount,
        saved_at
    from newest
)

select * from saved_items
