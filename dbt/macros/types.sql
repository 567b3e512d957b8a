{# A type by the name that DuckDB has for it. #}
{% macro type_named(data_type) -%}
    {{ adapter.dispatch('type_named', 'stockwise')(data_type) }}
{%- endmacro %}

{% macro default__type_named(data_type) -%}
    {{ data_type }}
{%- endmacro %}
