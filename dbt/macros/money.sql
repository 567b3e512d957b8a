{# Digits behind the point of a currency (ISO 4217); the same list as PostgreSQL's minor_unit_digits. #}
{% macro minor_unit_digits(currency) -%}
    case
        when
            {{ currency }} in (
                'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
                'XOF', 'XPF'
            )
            then 0
        else 2
    end
{%- endmacro %}

{#
    An amount in the currency's minor unit, rounded half away from zero; no float on the way. Each branch is
    cast by itself: the common type of wide decimals has fewer digits behind the point than either.
#}
{% macro round_amount(amount, minor_unit_digits) -%}
    case
        when {{ minor_unit_digits }} = 0 then cast(round({{ amount }}, 0) as decimal(14, 2))
        else cast(round({{ amount }}, 2) as decimal(14, 2))
    end
{%- endmacro %}

{#
    amount × part / whole (whole numbers, 0 <= part <= whole), rounded half away from zero to the
    currency's minor unit. Whole numbers throughout: dividing decimals gives floats in DuckDB.
#}
{% macro share_of_amount(amount, part, whole, minor_unit_digits) -%}
    case
        when {{ part }} = {{ whole }} then {{ amount }}
        when {{ part }} = 0 then cast(0 as decimal(14, 2))
        when {{ minor_unit_digits }} = 0
            then
                cast(
                    sign({{ amount }}) * {{ rounded_quotient('abs(' ~ amount ~ ')', part, whole) }}
                    as decimal(14, 2)
                )
        else
            cast(
                sign({{ amount }})
                * cast({{ rounded_quotient('abs(' ~ amount ~ ') * 100', part, whole) }} as decimal(16, 0))
                * 0.01
                as decimal(14, 2)
            )
    end
{%- endmacro %}

{# number × part / whole for whole numbers, none negative, rounded half up. #}
{% macro rounded_quotient(number, part, whole) -%}
    ((2 * cast({{ number }} as hugeint) * {{ part }} + {{ whole }}) // (2 * {{ whole }}))
{%- endmacro %}
