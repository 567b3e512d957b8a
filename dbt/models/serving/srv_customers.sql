with customers as (
    select * from {{ ref('dim_customer') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

customer_values as (
    select * from {{ source('model_results', 'customer_values') }}
),

srv_customers as (
    select
        customers.company_id,
        customers.customer_number,
        customers.customer_id,
        customers.country,
        customers.is_registered,
        customers.first_order_date,
        customers.second_order_date,
        customers.last_order_date,
        {{ dbt.datediff('customers.first_order_date', 'customers.second_order_date', 'day') }} <= 90
            as is_back_within_90_days,
        {{ dbt.datediff('customers.first_order_date', 'companies.horizon_date', 'day') }} >= 90
            as is_known_for_90_days,
        customers.orders_count,
        customers.units,
        customers.net_sales_amount,
        customers.margin_amount,
        customers.kept_net_sales_amount,
        customers.kept_margin_amount,
        customers.recency_score,
        customers.frequency_score,
        customers.monetary_score,
        customers.segment as customer_segment,
        customer_values.alive_probability_ratio,
        customer_values.expected_orders,
        cast(round(customer_values.expected_value_amount, 2) as decimal(18, 2)) as expected_value_amount,
        cast(round(customer_values.baseline_value_amount, 2) as decimal(18, 2)) as baseline_value_amount,
        cast(
            customers.kept_margin_amount + round(customer_values.expected_value_amount, 2)
            as decimal(18, 2)
        ) as lifetime_value_amount,
        customer_values.model_name,
        customer_values.model_version,
        customer_values.training_end_date
    from customers
    inner join companies on customers.company_id = companies.company_id
    left join customer_values
        on
            customers.company_id = customer_values.company_id
            and customers.customer_id = customer_values.customer_id
)

select * from srv_customers
