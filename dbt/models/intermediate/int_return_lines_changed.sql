{#
    One row per line of a return of which something was fed since the last build: itself, its return, or the
    order in which the goods were sold, whose line says what they were worth and where they lay. A line of an
    order that came since is in no return that did not come since too.
#}
{%- set built = last_built_pull() | int %}

with order_return_lines as (
    select * from {{ ref('stg_storefront__order_return_lines') }}
),

order_returns as (
    select * from {{ ref('stg_storefront__order_returns') }}
    where pull_number > {{ built }}
),

lines_before as (
    select * from {{ ref('int_order_lines_before') }}
    where order_line_id is not null
),

changed as (
    select company_id, order_return_line_id
    from order_return_lines
    where pull_number > {{ built }}
    union
    select order_return_lines.company_id, order_return_lines.order_return_line_id
    from order_return_lines
    inner join order_returns
        on
            order_return_lines.company_id = order_returns.company_id
            and order_return_lines.order_return_id = order_returns.order_return_id
    union
    select order_return_lines.company_id, order_return_lines.order_return_line_id
    from order_return_lines
    inner join lines_before
        on
            order_return_lines.company_id = lines_before.company_id
            and order_return_lines.order_line_id = lines_before.order_line_id
)

select * from changed
