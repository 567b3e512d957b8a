with entries as (
    select * from {{ ref('fct_refunds_returns') }}
    where kind = 'return'
),

srv_returns as (
    select
        company_id,
        entry_id as return_line_id,
        order_return_id,
        shop_id,
        variant_id,
        product_id,
        stage,
        reason_kind,
        disposition,
        requested_date,
        returned_date,
        units,
        returned_units,
        returns_amount
    from entries
)

select * from srv_returns
