{#
    What kind of reason a customer's own words name; the words themselves may name a person and stay behind.
    The first kind whose word occurs counts.
#}
{% macro reason_kind(words) -%}
    case
        when {{ words }} is null or trim({{ words }}) = '' then 'not_given'
        {%- for kind, stems in {
            'damaged': ['damag', 'broken', 'defect', 'faulty', 'crack', 'scratch'],
            'wrong_item': ['wrong item', 'wrong product', 'not what', 'different from', 'incorrect'],
            'wrong_size': ['size', 'too small', 'too big', 'too large', 'too tight', 'does not fit', 'fit'],
            'late': ['late', 'delay', 'too long'],
            'changed_mind': ['changed my mind', 'change of mind', 'no longer', 'not need', 'do not like', 'unwanted'],
        }.items() %}
        when
            {% for stem in stems %}lower({{ words }}) like '%{{ stem }}%'{{ ' or ' if not loop.last }}{% endfor %}
            then '{{ kind }}'
        {%- endfor %}
        else 'other'
    end
{%- endmacro %}
