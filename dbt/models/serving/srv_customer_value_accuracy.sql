with accuracy as (
    select * from {{ source('model_results', 'customer_value_accuracy') }}
),

srv_customer_value_accuracy as (
    select
        company_id,
        model_name,
        is_baseline,
        is_chosen,
        cast(round(mean_absolute_error_amount, 2) as decimal(18, 2)) as mean_absolute_error_amount,
        cast(round(root_mean_square_error_amount, 2) as decimal(18, 2)) as root_mean_square_error_amount,
        bias_ratio,
        order_days_error_ratio,
        customers_count,
        test_days,
        split_date
    from accuracy
)

select * from srv_customer_value_accuracy
