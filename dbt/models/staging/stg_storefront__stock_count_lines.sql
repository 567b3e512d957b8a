with newest as (
    {{ newest_versions('stock_count_lines') }}
),

stock_count_lines as (
    select
        company_id,
        id as stock_count_line_id,
        count_id as stock_count_id,
        location_id,
        variant_id,
        expected_units,
        counted_units,
        on_hand_when_counted_units,
        counted_at,
        is_open,
        created_at
    from newest
)

select * from stock_count_lines
