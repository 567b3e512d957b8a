with newest as (
    {{ newest_versions('order_charges') }}
),

order_charges as (
    select
        company_id,
        id as order_charge_id,
        order_id,
        kind,
        code,
        description,
        quantity,
        unit_amount,
        amount,
        external_code,
        occurred_at,
        pull_number
    from newest
)

select * from order_charges
