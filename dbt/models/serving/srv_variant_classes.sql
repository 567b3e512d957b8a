with classes as (
    select * from {{ ref('fct_variant_classes') }}
),

srv_variant_classes as (
    select * from classes
)

select * from srv_variant_classes
