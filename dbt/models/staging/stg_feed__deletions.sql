with tombstones as (
    select * from {{ source('raw', 'tombstones') }}
),

deletions as (
    select
        company_id,
        table_name,
        {{ json_text('key', 'id') }} as row_id,
        max(pull_number) as pull_number
    from tombstones
    group by company_id, table_name, {{ json_text('key', 'id') }}
)

select * from deletions
