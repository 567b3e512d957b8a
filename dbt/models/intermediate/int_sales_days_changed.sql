-- One row per company, variant and day whose product sales are built anew: of an order or of a return.
-- Returns are few and built anew each time: they are compared with those in the table.
with order_days_changed as (
    select * from {{ ref('int_order_days_changed') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

sales_before as (
    select * from {{ as_last_built('fct_product_sales_daily', {
        'company_id': 'varchar', 'shop_id': 'varchar', 'variant_id': 'varchar', 'sales_date': 'date',
        'returned_units': 'integer', 'returns_amount': 'decimal(18, 2)', 'returns_tax_amount': 'decimal(18, 2)',
    }, schema='marts') }}
    where returned_units <> 0
),

returned_now_and_before as (
    select
        company_id, shop_id, variant_id, returned_date as changed_date, returned_units,
        net_refund_amount as returns_amount, tax_refund_amount as returns_tax_amount
    from order_returns
    union all
    select
        company_id, shop_id, variant_id, sales_date as changed_date, -returned_units as returned_units,
        -returns_amount as returns_amount, -returns_tax_amount as returns_tax_amount
    from sales_before
),

returns_changed as (
    select company_id, shop_id, variant_id, changed_date
    from returned_now_and_before
    group by company_id, shop_id, variant_id, changed_date
    having sum(returned_units) <> 0 or sum(returns_amount) <> 0 or sum(returns_tax_amount) <> 0
),

changed as (
    select company_id, variant_id, changed_date from order_days_changed
    union
    select company_id, variant_id, changed_date from returns_changed
)

select * from changed
