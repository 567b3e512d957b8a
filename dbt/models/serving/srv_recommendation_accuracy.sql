with accuracies as (
    select * from {{ source('model_results', 'recommendation_accuracy') }}
),

srv_recommendation_accuracy as (
    select
        company_id,
        model_name,
        is_baseline,
        recall_at_10,
        ndcg_at_10,
        new_recall_at_10,
        new_ndcg_at_10,
        cast(users_count as integer) as users_count,
        is_enough,
        split_date,
        run_id,
        computed_at
    from accuracies
)

select * from srv_recommendation_accuracy
