{#
    Incremental builds. A table is kept from build to build; what changed since the last build that ended well
    is named by an `…_changed` model (orders, days, series), deleted from the table and inserted anew. So a
    build that died between two tables is repaired by the next one, which starts from the same pull.
    When everything has to be built anew is decided in pipelines/build_scope.py.
#}

{#
    The pull up to which the tables were built; -1 if that is not known, so that everything counts as changed.
    In a full refresh nothing does: no table is kept in which it would be replaced.
#}
{% macro last_built_pull() -%}
    {{ adapter.dispatch('last_built_pull', 'stockwise')() }}
{%- endmacro %}

{% macro default__last_built_pull() -%}
    {%- set found = namespace(pull_number=-1) -%}
    {%- if execute and flags.FULL_REFRESH -%}
        {%- set found.pull_number = 9223372036854775807 -%}
    {%- elif execute -%}
        {%- set state = adapter.get_relation(database=target.database, schema='build_state', identifier='last_build') -%}
        {%- if state is not none -%}
            {%- set rows = run_query('select coalesce(max(pull_number), -1) from ' ~ state) -%}
            {%- set found.pull_number = rows.columns[0].values()[0] -%}
        {%- endif -%}
    {%- endif -%}
    {{ found.pull_number }}
{%- endmacro %}

{#
    A table as the last build left it, read by a model that the table itself depends on (so not a ref);
    without one, a relation of the same columns without rows.
#}
{% macro as_last_built(table, columns, schema='intermediate') -%}
    {%- set before = none -%}
    {%- if execute and not flags.FULL_REFRESH and target.type != 'spark' -%}
        {%- set before = adapter.get_relation(database=target.database, schema=schema, identifier=table) -%}
    {%- endif -%}
    {%- if before is not none -%}
        {{ before }}
    {%- else -%}
        (
            select
                {%- for name, kind in columns.items() %}
                cast(null as {{ type_named(kind) }}) as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            where false
        )
    {%- endif -%}
{%- endmacro %}

{#
    dbt's strategy `replace_changed`: delete what the model `meta.changed` names (rows `target` and `changed`
    that meet `meta.replaces`), then insert. dbt's own delete+insert deletes only keys that come again, and a
    day whose last order was cancelled does not.
#}
{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} as target
    using {{ ref(config.get('meta')['changed']) }} as changed
    where {{ config.get('meta')['replaces'] }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#
    The rows that a data test looks at. A test whose `where` is `changed by MODEL: COLUMN, …` looks in an
    incremental build at the rows whose columns that model names, or its columns `OWN = ITS` or `OWN >= ITS`:
    what it did not change was tested by the build that wrote it. A full build looks at all.
#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') or '' -%}
    {%- if not where -%}
        {{ relation }}
    {%- elif not where.startswith('changed by ') -%}
        (select * from {{ relation }} where {{ where }})
    {%- else -%}
        {{ rows_changed(relation, where[11:]) }}
    {%- endif -%}
{%- endmacro %}

{% macro rows_changed(relation, named) -%}
    {%- set model, columns = named.split(': ') -%}
    {%- set changed = none -%}
    {%- if execute and not flags.FULL_REFRESH and target.type != 'spark' -%}
        {%- set changed = adapter.get_relation(database=target.database, schema='intermediate', identifier=model) -%}
    {%- endif -%}
    {%- if changed is none -%}
        {{ relation }}
    {%- else -%}
        (
            select tested.*
            from {{ relation }} as tested
            where exists (
                select 1
                from {{ changed }} as changed
                where
                {%- for pair in columns.split(', ') %}
                    {%- set compared = '>=' if ' >= ' in pair else '=' %}
                    {%- set own, its = (pair.split(' ' ~ compared ~ ' ') * 2)[:2] %}
                    {{ 'and ' if not loop.first }}tested.{{ own }} {{ compared }} changed.{{ its }}
                {%- endfor %}
            )
        )
    {%- endif -%}
{%- endmacro %}
