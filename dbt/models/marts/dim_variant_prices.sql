{# A price is valid until the next of its variant; of several from one instant the last written counts. #}
with price_history as (
    select * from {{ ref('stg_storefront__price_history') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

followed as (
    select
        *,
        lead(valid_from_at) over (
            partition by company_id, variant_id
            order by valid_from_at, created_at, price_history_id
        ) as valid_to_at
    from price_history
),

dim_variant_prices as (
    select
        followed.company_id,
        followed.variant_id,
        followed.valid_from_at,
        followed.valid_to_at,
        {{ local_date('followed.valid_from_at', 'companies.timezone') }} as valid_from_date,
        followed.unit_price_amount,
        followed.regular_price_amount,
        followed.unit_price_amount < followed.regular_price_amount as is_reduced,
        followed.reason
    from followed
    inner join companies on followed.company_id = companies.company_id
    where followed.valid_to_at is null or followed.valid_to_at > followed.valid_from_at
)

select * from dim_variant_prices
