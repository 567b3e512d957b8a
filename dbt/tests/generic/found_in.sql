{# Each row that names something names something that is there, of the same company. #}
{% test found_in(model, column, to, to_column=none) %}

select
    child.company_id,
    child.{{ column }}
from {{ model }} as child
left join {{ to }} as parent
    on child.company_id = parent.company_id and child.{{ column }} = parent.{{ to_column or column }}
where child.{{ column }} is not null and parent.{{ to_column or column }} is null

{% endtest %}
