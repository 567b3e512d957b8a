{#
    The rows of a raw table as the last pull saw them: of each key the version of the newest pull, unless a
    later pull brought its tombstone. A tombstone of the same pull does not count: what a pull saw beside it
    was inserted again after the delete. (Not row_xid: an older transaction may change a row last.)
#}
{% macro newest_versions(table, key=['id'], company='company_id') %}
    select versions.*
    from {{ source('raw', table) }} as versions
    left join (
        select
            company_id,
            {%- for column in key %}
            json_extract_string(key, '$.{{ column }}') as {{ column }},
            {%- endfor %}
            max(pull_number) as deleted_pull
        from {{ source('raw', 'tombstones') }}
        where table_name = '{{ table }}'
        group by all
    ) as deletions
        on versions.{{ company }} = deletions.company_id
        {%- for column in key %}
        and versions.{{ column }} = deletions.{{ column }}
        {%- endfor %}
    where deletions.deleted_pull is null or deletions.deleted_pull <= versions.pull_number
    qualify
        row_number() over (
            partition by versions.{{ company }}{% for column in key %}, versions.{{ column }}{% endfor %}
            order by versions.pull_number desc
        ) = 1
{% endmacro %}
