with newest as (
    {{ newest_versions('price_history') }}
),

price_history as (
    select
        company_id,
        id as price_history_id,
        variant_id,
        unit_price_amount,
        regular_price_amount,
        valid_from as valid_from_at,
        reason,
        created_at
    from newest
)

select * from price_history
