{#
    What Spark says otherwise than DuckDB. On Spark every model is a full build into Parquet: no merge, nothing
    kept from the build before; only staging stays views on the lake's files.
#}

{# Instants are shown in UTC (profiles.yml), from which a company's clock is reckoned. #}
{% macro spark__local_date(instant, timezone) -%}
    cast(from_utc_timestamp({{ instant }}, {{ timezone }}) as date)
{%- endmacro %}

{% macro spark__days_between(first_date, last_date) -%}
    datediff({{ last_date }}, {{ first_date }})
{%- endmacro %}

{% macro spark__quarter_hour(instant) -%}
    unix_micros({{ instant }}) div 900000000
{%- endmacro %}

{% macro spark__quarter_hour_start(quarter_number) -%}
    timestamp_micros({{ quarter_number }} * 900000000)
{%- endmacro %}

{# `sequence` counts down where its end lies before its start, so no days are asked for by name. #}
{% macro spark__day_numbers(days_count) -%}
    explode(if({{ days_count }} > 0, sequence(0, cast({{ days_count }} as int) - 1), array()))
{%- endmacro %}

{% macro spark__json_text(document, member) -%}
    get_json_object({{ document }}, '$.{{ member }}')
{%- endmacro %}

{% macro spark__whole_quotient(number, divisor) -%}
    ({{ number }} div {{ divisor }})
{%- endmacro %}

{# Spark's sign() is a float. #}
{% macro spark__sign_of(number) -%}
    case when {{ number }} < 0 then -1 when {{ number }} > 0 then 1 else 0 end
{%- endmacro %}

{% macro spark__wide_integer() -%}
    decimal(38, 0)
{%- endmacro %}

{# Nothing is kept, so everything is new, and in a full build nothing counts as changed. #}
{% macro spark__last_built_pull() -%}
    9223372036854775807
{%- endmacro %}

{% macro is_incremental() -%}
    {{ return(target.type != 'spark' and dbt.is_incremental()) }}
{%- endmacro %}

{% materialization incremental, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {%- if model.fqn[1] == 'staging' -%}
        {{ return(create_or_replace_view()) }}
    {%- else -%}
        {{ return(materialization_table_spark()) }}
    {%- endif -%}
{% endmaterialization %}

{# A contract's types are written as DuckDB has them. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    select
        {%- for column in columns.values() %}
        cast(null as {{ type_named(column['data_type']) }}) as {{ column['name'] }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{% macro spark__type_named(data_type) -%}
    {{ {'varchar': 'string', 'timestamptz': 'timestamp', 'hugeint': 'decimal(38, 0)'}.get(data_type, data_type) }}
{%- endmacro %}

{#
    Show the lake to Spark: `dbt run-operation define_sources --target spark --args "$(stockwise warehouse spark-sources)"`.
    The statements name the files that the manifest lists, so they are made anew after each pull.
#}
{% macro define_sources(statements) -%}
    {%- for statement in statements -%}
        {%- do run_query(statement) -%}
    {%- endfor -%}
{%- endmacro %}
