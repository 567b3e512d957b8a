{# The calendar day of an instant in a time zone (IANA name), summer time included. #}
{% macro local_date(instant, timezone) -%}
    cast(timezone({{ timezone }}, {{ instant }}) as date)
{%- endmacro %}

{# The quarter of an hour (UTC, counted from 1970) in which an instant lies, and where a quarter begins. #}
{% macro quarter_hour(instant) -%}
    epoch_us({{ instant }}) // 900000000
{%- endmacro %}

{% macro quarter_hour_start(quarter_number) -%}
    make_timestamptz({{ quarter_number }} * 900000000)
{%- endmacro %}

{# One row per day: 0, 1, … days_count - 1, beside the row that it stands in. #}
{% macro day_numbers(days_count) -%}
    unnest(range(cast({{ days_count }} as integer)))
{%- endmacro %}

{#
    Days after `first_date` up to and including `last_date` that fall on the ISO weekdays named in
    `weekdays` ('12345' is Monday to Friday). Weekday k has the day numbers 7n + k - 1 counted from
    Monday 1970-01-05, so a count is a difference of two whole quotients.
#}
{% macro working_days_after(first_date, last_date, weekdays) -%}
    (
        {%- for weekday in range(1, 8) %}
        case
            when strpos({{ weekdays }}, '{{ weekday }}') > 0
                then
                    (({{ last_date }} - date '1970-01-05') - {{ weekday - 1 }} + 7) // 7
                    - (({{ first_date }} - date '1970-01-05') - {{ weekday - 1 }} + 7) // 7
            else 0
        end
        {%- if not loop.last %} + {% endif %}
        {%- endfor %}
    )
{%- endmacro %}
