-- A view: how long an open part has waited moves with the clock, the parts only with what happened.
{{ config(materialized='view') }}

with parts as (
    select * from {{ ref('int_restock_parts') }}
    where
        sent_date is not null
        and (state = 'received' or (state = 'open' and status in ('sent', 'partly_received')))
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

-- An open line is as old as the horizon says; one that was sent after it, as old as the pull says.
with_end as (
    select
        parts.*,
        case
            when parts.sent_date <= companies.horizon_date then companies.horizon_date
            else greatest(parts.sent_date, companies.pulled_date)
        end as open_until_date
    from parts
    inner join companies on parts.company_id = companies.company_id
),

fct_supplier_lead_times as (
    select
        company_id,
        restock_part_id as lead_time_id,
        supplier_id,
        variant_id,
        ordered_for_location_id as location_id,
        restock_order_id,
        restock_order_line_id,
        sent_date,
        received_date,
        received_units + open_units as units,
        case
            when state = 'received' then lead_time_days
            else cast({{ days_between('sent_date', 'open_until_date') }} as integer)
        end as lead_time_days,
        case
            when state = 'received' then lead_time_working_days
            else
                cast(
                    {{ working_days_after('sent_date', 'open_until_date', 'working_weekdays') }} as integer
                )
        end as lead_time_working_days,
        state = 'open' as is_open,
        is_assumed
    from with_end
)

select * from fct_supplier_lead_times
