{#
    Two ways to count give the same: per `by`, each expression of `sums` over this model equals the one of
    `other_sums` (by default the same) over the other. Conditions keep the rows that are meant.
#}
{% test equal_sums(model, other, by, sums, other_sums=none, condition='true', other_condition='true') %}

with here as (
    select
        {{ by | join(', ') }},
        {%- for expression in sums %}
        sum({{ expression }}) as sum_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    where {{ condition }}
    group by all
),

there as (
    select
        {{ by | join(', ') }},
        {%- for expression in other_sums or sums %}
        sum({{ expression }}) as sum_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ get_where_subquery(other) }}
    where {{ other_condition }}
    group by all
)

select
    {{ by | join(', ') }},
    {%- for expression in sums %}
    here.sum_{{ loop.index }} as here_{{ loop.index }},
    there.sum_{{ loop.index }} as there_{{ loop.index }}{{ ',' if not loop.last }}
    {%- endfor %}
from here
full join there using ({{ by | join(', ') }})
where
    {%- for expression in sums %}
    coalesce(here.sum_{{ loop.index }}, 0) <> coalesce(there.sum_{{ loop.index }}, 0){{ ' or' if not loop.last }}
    {%- endfor %}

{% endtest %}
