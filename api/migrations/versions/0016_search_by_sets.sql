-- What shoppers find of many products is written by joins of sets. Asked per product, the planner took an index of
-- the company's variants for as good as the one by product wherever the statistics did not know the company yet,
-- and read all variants for each product: a file's third batch took minutes.
create or replace function refresh_search(p_company_id uuid, p_product_ids uuid []) returns void language plpgsql as $$
declare
    joins_before constant text := current_setting('enable_nestloop');
begin
    if cardinality(p_product_ids) > 100 then
        perform set_config('enable_nestloop', 'off', true);
    end if;

    perform from unnest(p_product_ids) as wanted (product_id)
    inner join products on products.company_id = p_company_id and products.id = wanted.product_id
    order by products.id for no key update of products;

    delete from search_products as known
    using unnest(p_product_ids) as wanted (product_id)
    inner join products on products.company_id = p_company_id and products.id = wanted.product_id
    where known.company_id = p_company_id and known.product_id = wanted.product_id
    and not (products.status = 'published' and products.is_active and products.archived_at is null);

    with option_pairs as materialized (
        select distinct variants.product_id, pair.name || chr(31) || pair.value as attribute
        from unnest(p_product_ids) as wanted (product_id)
        inner join variants on variants.company_id = p_company_id and variants.product_id = wanted.product_id
        cross join lateral jsonb_each_text(variants.options) as pair (name, value)
        where variants.is_active and variants.archived_at is null
        and lower(pair.name) not in ('size', 'colour', 'color') and pair.value <> ''
    ),

    varying as (
        select product_id, array_agg(attribute) as attributes from option_pairs group by product_id
    )

    insert into search_products as known (
        company_id, product_id, shop_id, category_id, seller_user_id, brand, collection, material, gender,
        is_featured, is_new_arrival, tags, attributes, price_amount, sale_price_amount, rating_average,
        rating_count, sold_units, view_count, listed_at
    )
    select
        product.company_id, product.id, product.shop_id, product.category_id, product.seller_user_id,
        nullif(product.brand, ''), nullif(product.collection, ''), nullif(product.material, ''), product.gender,
        product.is_featured, product.is_new_arrival,
        array(select distinct jsonb_array_elements_text(product.tags)),
        array(
            select name || chr(31) || value from jsonb_each_text(product.specifications) as pair (name, value)
            where value <> ''
            union
            select unnest(varying.attributes)
        ),
        product.price_amount, product.sale_price_amount, product.rating_average, product.rating_count,
        product.sold_units, product.view_count, coalesce(product.published_at, product.created_at)
    from unnest(p_product_ids) as wanted (product_id)
    inner join products as product on product.company_id = p_company_id and product.id = wanted.product_id
    left join varying on varying.product_id = product.id
    where product.status = 'published' and product.is_active and product.archived_at is null
    order by product.id
    on conflict (company_id, product_id) do update set
        shop_id = excluded.shop_id, category_id = excluded.category_id,
        seller_user_id = excluded.seller_user_id, brand = excluded.brand, collection = excluded.collection,
        material = excluded.material, gender = excluded.gender, is_featured = excluded.is_featured,
        is_new_arrival = excluded.is_new_arrival, tags = excluded.tags, attributes = excluded.attributes,
        price_amount = excluded.price_amount, sale_price_amount = excluded.sale_price_amount,
        rating_average = excluded.rating_average, rating_count = excluded.rating_count,
        sold_units = excluded.sold_units, view_count = excluded.view_count, listed_at = excluded.listed_at;

    with wanted as materialized (
        select product.*
        from unnest(p_product_ids) as asked (product_id)
        inner join products as product on product.company_id = p_company_id and product.id = asked.product_id
        where product.status = 'published' and product.is_active and product.archived_at is null
    ),

    numbers as materialized (
        select wanted.id as product_id, wanted.sku from wanted
        union
        select wanted.id, variants.sku
        from wanted
        inner join variants on variants.company_id = p_company_id and variants.product_id = wanted.id
        where variants.is_active and variants.archived_at is null
    ),

    skus as (
        select
            product_id,
            string_agg(sku || ' ' || regexp_replace(sku, '[^[:alnum:]]', '', 'g'), ' ' order by sku) as words
        from numbers
        group by product_id
    ),

    options as (
        select
            variants.product_id,
            string_agg(concat_ws(' ', variants.name, variants.barcode, pair.value), ' ') as words
        from wanted
        inner join variants on variants.company_id = p_company_id and variants.product_id = wanted.id
        left join lateral jsonb_each_text(variants.options) as pair (name, value) on true
        where variants.is_active and variants.archived_at is null
        group by variants.product_id
    ),

    own_categories as materialized (
        select category.id, part.id as upper_id
        from categories as category
        cross join lateral unnest(string_to_array(trim(trailing '/' from category.path), '/')::uuid []) as part (id)
        where category.company_id = p_company_id
        and category.id in (select wanted.category_id from wanted)
    ),

    above as (
        select own_categories.id, string_agg(upper_one.name, ' ') as words
        from own_categories
        inner join categories as upper_one
            on upper_one.company_id = p_company_id and upper_one.id = own_categories.upper_id
        group by own_categories.id
    )

    insert into search_documents as known (company_id, product_id, document)
    select
        product.company_id, product.id,
        search_words(concat_ws(' ', product.name, skus.words, product.barcode), 'A')
        || search_words(concat_ws(
            ' ', product.brand, product.collection, product.subcategory,
            (select string_agg(tag, ' ') from jsonb_array_elements_text(product.tags) as tag), above.words
        ), 'B')
        || search_words(concat_ws(
            ' ', product.short_description, product.material, product.gender,
            (select string_agg(value, ' ') from jsonb_each_text(product.specifications) as pair (name, value)),
            options.words,
            (select string_agg(word, ' ') from jsonb_array_elements_text(product.seo_keywords) as word)
        ), 'C')
        || search_words(product.description, 'D')
    from wanted as product
    inner join skus on skus.product_id = product.id
    left join options on options.product_id = product.id
    left join above on above.id = product.category_id
    order by product.id
    on conflict (company_id, product_id) do update set document = excluded.document
    where known.document <> excluded.document;

    delete from search_variants as known
    using unnest(p_product_ids) as wanted (product_id)
    inner join variants on variants.company_id = p_company_id and variants.product_id = wanted.product_id
    where known.company_id = p_company_id and known.variant_id = variants.id
    and not (variants.is_active and variants.archived_at is null);

    insert into search_variants as known (company_id, variant_id, product_id, price_modifier_amount, size, colour)
    select
        variants.company_id, variants.id, variants.product_id, variants.price_modifier_amount,
        coalesce(
            option_value(variants.options, '{size}'), option_value(products.specifications, '{size}')
        ),
        coalesce(
            option_value(variants.options, '{colour,color}'), option_value(products.specifications, '{colour,color}')
        )
    from unnest(p_product_ids) as wanted (product_id)
    inner join search_products as listed
        on listed.company_id = p_company_id and listed.product_id = wanted.product_id
    inner join products on products.company_id = p_company_id and products.id = listed.product_id
    inner join variants on variants.company_id = p_company_id and variants.product_id = products.id
    where variants.is_active and variants.archived_at is null
    order by variants.id
    on conflict (company_id, variant_id) do update set
        product_id = excluded.product_id, price_modifier_amount = excluded.price_modifier_amount,
        size = excluded.size, colour = excluded.colour
    where (known.product_id, known.price_modifier_amount, known.size, known.colour)
        is distinct from (excluded.product_id, excluded.price_modifier_amount, excluded.size, excluded.colour);

    perform set_config('enable_nestloop', joins_before, true);
end $$;

-- A company that is new to the statistics seems to have one product. Then an index of all its products looks as good
-- as the key by which a foreign key finds one, and each row of a file reads all rows that came before it. A bulk load
-- therefore has the statistics renewed as it grows; only a table's owner may do that. Who already does is not waited for.
create function catalogue_renew_statistics() returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    analyze (skip_locked) products, variants, search_products, search_documents, search_variants, price_history,
        cost_history;
end $$;
revoke execute on function catalogue_renew_statistics() from public;
grant execute on function catalogue_renew_statistics() to stockwise_app;
