with lead_times as (
    select * from {{ ref('fct_supplier_lead_times') }}
),

suppliers as (
    select * from {{ ref('dim_supplier') }}
),

by_supplier as (
    select
        lead_times.company_id,
        lead_times.supplier_id,
        count(*) as receipts_count,
        cast(percentile_disc(0.5) within group (order by lead_times.lead_time_days) as integer)
            as lead_time_p50_days,
        cast(percentile_disc(0.9) within group (order by lead_times.lead_time_days) as integer)
            as lead_time_p90_days,
        avg(case when lead_times.lead_time_days > suppliers.quoted_lead_time_days then 1e0 else 0e0 end)
            as late_ratio,
        bool_or(lead_times.is_assumed) as is_assumed
    from lead_times
    inner join suppliers
        on lead_times.company_id = suppliers.company_id and lead_times.supplier_id = suppliers.supplier_id
    where not lead_times.is_open
    group by lead_times.company_id, lead_times.supplier_id
),

srv_supplier_lead_times as (
    select
        suppliers.company_id,
        suppliers.supplier_id,
        suppliers.name as supplier_name,
        cast(coalesce(by_supplier.receipts_count, 0) as integer) as receipts_count,
        by_supplier.lead_time_p50_days,
        by_supplier.lead_time_p90_days,
        suppliers.quoted_lead_time_days,
        case when suppliers.quoted_lead_time_days is not null then by_supplier.late_ratio end as late_ratio,
        suppliers.is_assumed or coalesce(by_supplier.is_assumed, false) as is_assumed
    from suppliers
    left join by_supplier
        on suppliers.company_id = by_supplier.company_id and suppliers.supplier_id = by_supplier.supplier_id
)

select * from srv_supplier_lead_times
