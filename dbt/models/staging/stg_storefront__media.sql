with newest as (
    {{ newest_versions('media') }}
),

media as (
    select
        company_id,
        id as media_id,
        kind,
        content_type,
        size_bytes,
        width_pixels,
        height_pixels,
        alt,
        uploaded_by,
        customer_id,
        archived_at,
        created_at
    from newest
)

select * from media
