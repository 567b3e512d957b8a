{# Digits behind the point of a currency (ISO 4217); the same list as PostgreSQL's minor_unit_digits. #}
{% macro minor_unit_digits(currency) -%}
    case
        when
            {{ currency }} in (
                'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF'
            )
            then 0
        else 2
    end
{%- endmacro %}

{# An amount in the currency's minor unit, rounded half away from zero; no float on the way. #}
{% macro round_amount(amount, minor_unit_digits) -%}
    cast(
        case when {{ minor_unit_digits }} = 0 then round({{ amount }}, 0) else round({{ amount }}, 2) end
        as decimal(14, 2)
    )
{%- endmacro %}

{#
    amount × part / whole (whole numbers, 0 <= part <= whole), rounded half away from zero to the
    currency's minor unit. Whole numbers throughout: dividing decimals gives floats in DuckDB.
#}
{% macro share_of_amount(amount, part, whole, minor_unit_digits) -%}
    cast(
        case
            when {{ part }} = {{ whole }} then {{ amount }}
            when {{ part }} = 0 then 0
            when {{ minor_unit_digits }} = 0
                then
                    sign({{ amount }})
                    * ((2 * cast(abs({{ amount }}) as hugeint) * {{ part }} + {{ whole }}) // (2 * {{ whole }}))
            else
                sign({{ amount }})
                * cast(
                    (2 * cast(abs({{ amount }}) * 100 as hugeint) * {{ part }} + {{ whole }}) // (2 * {{ whole }})
                    as decimal(18, 0)
                )
                * 0.01
        end
        as decimal(14, 2)
    )
{%- endmacro %}
