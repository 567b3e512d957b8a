-- A view: how old an open part is moves with the clock, the parts only with what happened.
{{ config(materialized='view') }}

with parts as (
    select * from {{ ref('int_restock_parts') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

dated as (
    select
        parts.*,
        case
            when parts.sent_date <= companies.horizon_date then companies.horizon_date
            else companies.pulled_date
        end as known_date
    from parts
    inner join companies on parts.company_id = companies.company_id
),

fct_purchases_receipts as (
    select
        company_id,
        restock_part_id as purchase_receipt_id,
        restock_order_id,
        restock_order_line_id,
        restock_number,
        status,
        supplier_id,
        variant_id,
        location_id,
        state,
        ordered_units,
        received_units,
        open_units,
        cancelled_units,
        sent_date,
        expected_date,
        received_date,
        lead_time_days,
        case
            when state = 'open'
                then greatest(cast({{ days_between('sent_date', 'known_date') }} as integer), 0)
        end as age_days,
        case
            when state = 'received' then received_date > expected_date
            when state = 'open' and sent_date is not null then known_date > expected_date
        end as is_late,
        currency,
        unit_cost_amount,
        unit_cost_company_amount,
        cast(received_units * unit_cost_company_amount as decimal(24, 6)) as received_amount,
        is_assumed
    from dated
)

select * from fct_purchases_receipts
