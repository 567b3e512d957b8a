{# None of the columns is null: for views, whose contract cannot refuse a null. #}
{% test filled(model, columns) %}

select *
from {{ model }}
where {{ columns | join(' is null or ') }} is null

{% endtest %}
