{#
    Days, instants and their arithmetic, where engines differ. `default__` is DuckDB's spelling, `spark__`
    stands in spark.sql.
#}

{# The calendar day of an instant in a time zone (IANA name), summer time included. #}
{% macro local_date(instant, timezone) -%}
    {{ adapter.dispatch('local_date', 'stockwise')(instant, timezone) }}
{%- endmacro %}

{% macro default__local_date(instant, timezone) -%}
    cast(timezone({{ timezone }}, {{ instant }}) as date)
{%- endmacro %}

{# Days from one date to a later one. #}
{% macro days_between(first_date, last_date) -%}
    {{ adapter.dispatch('days_between', 'stockwise')(first_date, last_date) }}
{%- endmacro %}

{% macro default__days_between(first_date, last_date) -%}
    ({{ last_date }} - {{ first_date }})
{%- endmacro %}

{# The quarter of an hour (UTC, counted from 1970) in which an instant lies, and where a quarter begins. #}
{% macro quarter_hour(instant) -%}
    {{ adapter.dispatch('quarter_hour', 'stockwise')(instant) }}
{%- endmacro %}

{% macro default__quarter_hour(instant) -%}
    epoch_us({{ instant }}) // 900000000
{%- endmacro %}

{% macro quarter_hour_start(quarter_number) -%}
    {{ adapter.dispatch('quarter_hour_start', 'stockwise')(quarter_number) }}
{%- endmacro %}

{% macro default__quarter_hour_start(quarter_number) -%}
    make_timestamptz({{ quarter_number }} * 900000000)
{%- endmacro %}

{# One row per day: 0, 1, … days_count - 1, beside the row that it stands in. #}
{% macro day_numbers(days_count) -%}
    {{ adapter.dispatch('day_numbers', 'stockwise')(days_count) }}
{%- endmacro %}

{% macro default__day_numbers(days_count) -%}
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
            when position('{{ weekday }}' in {{ weekdays }}) > 0
                then
                    {{ weeks_begun(last_date, weekday) }} - {{ weeks_begun(first_date, weekday) }}
            else 0
        end
        {%- if not loop.last %} + {% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{# How often a weekday came from 1970-01-05 up to a day. #}
{% macro weeks_begun(date, weekday) -%}
    {{ whole_quotient('(' ~ days_between("date '1970-01-05'", date) ~ ' - ' ~ (weekday - 1) ~ ' + 7)', '7') }}
{%- endmacro %}
