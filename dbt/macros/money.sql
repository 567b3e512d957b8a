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
                    {{ sign_of(amount) }} * {{ rounded_quotient('abs(' ~ amount ~ ')', part, whole) }}
                    as decimal(14, 2)
                )
        else
            cast(
                {{ sign_of(amount) }}
                * cast({{ rounded_quotient('abs(' ~ amount ~ ') * 100', part, whole) }} as decimal(16, 0))
                * 0.01
                as decimal(14, 2)
            )
    end
{%- endmacro %}

{#
    What is left of an amount when the share of `gone` of its `whole` units was given back. It is the rounded share
    that is taken off, as the order layer does (`part_of_line`): of 35.01 for two units one gives back 17.51, and
    17.50 is left.
#}
{% macro rest_of_amount(amount, gone, whole, minor_unit_digits) -%}
    cast({{ amount }} - {{ share_of_amount(amount, gone, whole, minor_unit_digits) }} as decimal(14, 2))
{%- endmacro %}

{# number × part / whole for whole numbers, none negative, rounded half up. #}
{% macro rounded_quotient(number, part, whole) -%}
    {{
        whole_quotient(
            '(2 * cast(' ~ number ~ ' as ' ~ wide_integer() ~ ') * ' ~ part ~ ' + ' ~ whole ~ ')',
            '(2 * ' ~ whole ~ ')'
        )
    }}
{%- endmacro %}

{# How often the second whole number goes into the first; what is left is dropped. #}
{% macro whole_quotient(number, divisor) -%}
    {{ adapter.dispatch('whole_quotient', 'stockwise')(number, divisor) }}
{%- endmacro %}

{% macro default__whole_quotient(number, divisor) -%}
    ({{ number }} // {{ divisor }})
{%- endmacro %}

{# -1, 0 or 1, exactly. #}
{% macro sign_of(number) -%}
    {{ adapter.dispatch('sign_of', 'stockwise')(number) }}
{%- endmacro %}

{% macro default__sign_of(number) -%}
    sign({{ number }})
{%- endmacro %}

{# A type for whole numbers of at least 37 digits. #}
{% macro wide_integer() -%}
    {{ adapter.dispatch('wide_integer', 'stockwise')() }}
{%- endmacro %}

{% macro default__wide_integer() -%}
    hugeint
{%- endmacro %}
