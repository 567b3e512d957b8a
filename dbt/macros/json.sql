{# The text of one member of a JSON object, and the object's null as null. #}
{% macro json_text(document, member) -%}
    {{ adapter.dispatch('json_text', 'stockwise')(document, member) }}
{%- endmacro %}

{% macro default__json_text(document, member) -%}
    json_extract_string({{ document }}, '$.{{ member }}')
{%- endmacro %}
