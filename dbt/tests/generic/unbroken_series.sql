{#
    The rows of a series follow one another: each names the day of the next (the last none), and opens with what
    the one before closed with.
#}
{% test unbroken_series(model, series, date, next_date, opening, closing) %}

with ordered as (
    select
        {{ series | join(', ') }},
        {{ date }} as this_date,
        {{ next_date }} as next_date,
        {{ opening }} as opening,
        lag({{ closing }}) over (partition by {{ series | join(', ') }} order by {{ date }}) as closing_before,
        lead({{ date }}) over (partition by {{ series | join(', ') }} order by {{ date }}) as date_after
    from {{ model }}
)

select *
from ordered
where next_date is distinct from date_after or coalesce(closing_before, opening) <> opening

{% endtest %}
