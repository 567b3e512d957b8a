{# The condition holds in every row; a null is a failure. #}
{% test every_row(model, condition) %}

select *
from {{ model }}
where ({{ condition }}) is not true

{% endtest %}
