{#
    A series has one row per day from its first to its last: no day twice, none left out. Counts, sums and
    sums of squares of the days are those of an unbroken run; grouping millions of days would cost ten times more.
#}
{% test dense_days(model, series, date) %}

with days as (
    select
        {{ series | join(', ') }},
        cast({{ days_between("date '1970-01-01'", date) }} as {{ wide_integer() }}) as day_number
    from {{ model }}
),

measured as (
    select
        {{ series | join(', ') }},
        count(*) as days_count,
        min(day_number) as first_number,
        max(day_number) as last_number,
        sum(day_number) as day_sum,
        sum(day_number * day_number) as square_sum
    from days
    group by all
)

select *
from measured
where
    days_count <> last_number - first_number + 1
    or 2 * day_sum <> (first_number + last_number) * days_count
    or 6 * square_sum
    <> last_number * (last_number + 1) * (2 * last_number + 1)
    - (first_number - 1) * first_number * (2 * first_number - 1)
    {%- for column in series %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
