{#
    One row per order of which something was fed since the last build: the order itself, a line, a charge or
    a reservation. Read from the lines as they were, so that these are written down before any is replaced.
#}
with lines_before as (
    select * from {{ ref('int_order_lines_before') }}
),

changed as (
    select distinct company_id, order_id
    from lines_before
)

select * from changed
