with newest as (
    {{ newest_versions('shipping_bands', key=['method_id', 'zone_id', 'from_bound']) }}
),

shipping_bands as (
    select
        company_id,
        method_id as shipping_method_id,
        zone_id as shipping_zone_id,
        from_bound,
        amount
    from newest
)

select * from shipping_bands
