{# The instant at which a calendar day begins in a time zone: days of 23 and 25 hours begin on theirs too. #}
{% macro day_start(date, timezone) -%}
    {{ adapter.dispatch('day_start', 'stockwise')(date, timezone) }}
{%- endmacro %}

{% macro default__day_start(date, timezone) -%}
    timezone({{ timezone }}, cast({{ date }} as timestamp))
{%- endmacro %}

{% macro spark__day_start(date, timezone) -%}
    to_utc_timestamp(cast({{ date }} as timestamp), {{ timezone }})
{%- endmacro %}

{#
    Whole seconds from one instant to a later one. Both are cut to seconds before, so that the seconds of
    neighbouring spans add up to those of the whole.
#}
{% macro seconds_between(first_instant, last_instant) -%}
    {{ adapter.dispatch('seconds_between', 'stockwise')(first_instant, last_instant) }}
{%- endmacro %}

{% macro default__seconds_between(first_instant, last_instant) -%}
    (epoch_us({{ last_instant }}) // 1000000 - epoch_us({{ first_instant }}) // 1000000)
{%- endmacro %}

{% macro spark__seconds_between(first_instant, last_instant) -%}
    (unix_seconds({{ last_instant }}) - unix_seconds({{ first_instant }}))
{%- endmacro %}

{# Seconds of a local day; of the day on which the data was read, those until then. #}
{% macro day_seconds(date, timezone, read_at) -%}
    {{
        seconds_between(
            day_start(date, timezone),
            'least(' ~ day_start('(' ~ date ~ ' + 1)', timezone) ~ ', ' ~ read_at ~ ')'
        )
    }}
{%- endmacro %}

{#
    Seconds of a day for which nothing was on hand, from a row of `int_series_spans` with its `day_number`. A day
    with entries has its own seconds, counted to the day's end: of the day on which the data was read, what was
    still to come is taken off. `whole_day`: the seconds of a day without entries, where they stand in a column.
#}
{% macro seconds_out_of_stock(date, whole_day=none) -%}
    case
        when not has_stock_record then 0
        when day_number = 0 and entries_out_of_stock_seconds is not null
            then
                case
                    when closing_units <= 0 and {{ date }} = pulled_date
                        then
                            greatest(
                                entries_out_of_stock_seconds
                                - {{ seconds_between('pulled_at', day_start('(' ~ date ~ ' + 1)', 'timezone')) }},
                                0
                            )
                    else entries_out_of_stock_seconds
                end
        when closing_units <= 0 then greatest({{ whole_day or day_seconds(date, 'timezone', 'pulled_at') }}, 0)
        else 0
    end
{%- endmacro %}
