with newest as (
    {{ newest_versions('invoices') }}
),

invoices as (
    select
        company_id,
        id as invoice_id,
        order_id,
        kind,
        sequence_number,
        invoice_number,
        source_id,
        corrects_invoice_id,
        currency,
        net_amount,
        tax_amount,
        total_amount,
        issued_date,
        issued_at,
        created_at
    from newest
)

select * from invoices
