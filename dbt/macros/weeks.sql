{# The Monday of a day's week (ISO 8601). 1900-01-01 was one, and no fact is older. #}
{% macro week_start(date) -%}
    ({{ date }} - {{ days_since_monday(date) }})
{%- endmacro %}

{# 0 on a Monday, 6 on a Sunday. #}
{% macro days_since_monday(date) -%}
    cast(mod({{ dbt.datediff("date '1900-01-01'", date, 'day') }}, 7) as integer)
{%- endmacro %}
