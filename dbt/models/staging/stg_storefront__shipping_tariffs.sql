with newest as (
    {{ newest_versions('shipping_tariffs', key=['method_id', 'zone_id']) }}
),

shipping_tariffs as (
    select
        company_id,
        method_id as shipping_method_id,
        zone_id as shipping_zone_id,
        free_from_amount,
        estimated_days_min,
        estimated_days_max,
        created_at
    from newest
)

select * from shipping_tariffs
