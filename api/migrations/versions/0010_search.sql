-- Full-text search of products: what can be found, and by which words, kept by triggers.

-- Words -------------------------------------------------------------------------------------------------
-- Text as it is compared: small letters, no accents or points, punctuation as spaces. Compatibility forms are
-- taken apart (ﬁ, ², full width); marks of Latin, Greek, Cyrillic, Hebrew and Arabic go, and letters with a
-- stroke become plain ones. Vowel signs of Indic and marks of Japanese writing belong to the letter and stay.
create function search_fold(content text) returns text language sql immutable strict parallel safe
return trim(regexp_replace(
    case when octet_length(content) = length(content) then lower(content) else
        replace(replace(replace(replace(
            translate(
                lower(normalize(
                    regexp_replace(
                        normalize(content, nfkd),
                        '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640'
                        '\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff'
                        '\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u00ad\u200b-\u200d\u2060\ufeff]',
                        '', 'g'
                    ),
                    nfkc
                )),
                'ıøłđðħŧŋς', 'iolddhtnσ'
            ),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
    end,
    '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f'
    '\u066a-\u066d\u06d4\u2000-\u206f\u2190-\u2bff\u3000-\u303f\U0001f000-\U0001faff]+',
    ' ', 'g'
));

-- A tsvector holds a megabyte, so each part of a product is read as far as that surely goes.
create function search_words(content text, weight "char") returns tsvector
language sql immutable parallel safe
return setweight(to_tsvector('pg_catalog.simple', left(coalesce(search_fold(content), ''), 50000)), weight);

-- What to look for: every word, each as the beginning of one; or all of them written as one, as in an article
-- number. A single letter or digit is a word, not a beginning: it would find everything.
create function search_query(content text) returns tsquery language sql immutable parallel safe
return (
    select
        string_agg(
            quote_literal(lexeme) || case when lexeme ~ '^[a-z0-9]$' then '' else ':*' end, ' & '
        )::tsquery
        || coalesce(
            (quote_literal(case when count(*) > 1 then nullif(replace(search_fold(content), ' ', ''), '') end) || ':*')
            ::tsquery,
            ''::tsquery
        )
    from unnest(to_tsvector('pg_catalog.simple', search_fold(content))) as word (lexeme)
);

-- The same words, any of which counts for the rank: as whole words, or as beginnings.
create function search_any(content text, is_beginning boolean) returns tsquery language sql immutable parallel safe
return (
    select string_agg(quote_literal(lexeme) || case when is_beginning then ':*' else '' end, '|')::tsquery
    from (
        select lexeme from unnest(to_tsvector('pg_catalog.simple', search_fold(content))) as word (lexeme)
        union
        select replace(search_fold(content), ' ', '')
    ) as words
    where lexeme <> ''
);

create function option_value(options jsonb, names text []) returns text
language sql immutable parallel safe
return (
    select option.value from jsonb_each_text(options) as option
    where lower(option.key) = any (names) and option.value <> ''
    order by option.key limit 1
);

-- Tables ------------------------------------------------------------------------------------------------
CREATE TABLE search_products (
	company_id UUID NOT NULL,
	product_id UUID NOT NULL,
	shop_id UUID,
	category_id UUID,
	seller_user_id UUID,
	brand TEXT,
	collection TEXT,
	material TEXT,
	gender TEXT,
	is_featured BOOLEAN NOT NULL,
	is_new_arrival BOOLEAN NOT NULL,
	tags TEXT[] NOT NULL,
	attributes TEXT[] NOT NULL,
	price_amount NUMERIC(18, 6) NOT NULL,
	sale_price_amount NUMERIC(18, 6),
	rating_average NUMERIC(3, 2) NOT NULL,
	rating_count INTEGER NOT NULL,
	sold_units INTEGER NOT NULL,
	view_count INTEGER NOT NULL,
	listed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_search_products PRIMARY KEY (company_id, product_id),
	CONSTRAINT fk_search_products_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id) ON DELETE CASCADE
);

CREATE TABLE search_documents (
	company_id UUID NOT NULL,
	product_id UUID NOT NULL,
	document TSVECTOR NOT NULL,
	CONSTRAINT pk_search_documents PRIMARY KEY (company_id, product_id),
	CONSTRAINT fk_search_documents_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES search_products (company_id, product_id) ON DELETE CASCADE
);
CREATE INDEX ix_search_documents_document ON search_documents USING gin (document);

CREATE TABLE search_variants (
	company_id UUID NOT NULL,
	variant_id UUID NOT NULL,
	product_id UUID NOT NULL,
	price_modifier_amount NUMERIC(18, 6) NOT NULL,
	size TEXT,
	colour TEXT,
	CONSTRAINT pk_search_variants PRIMARY KEY (company_id, variant_id),
	CONSTRAINT fk_search_variants_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES search_products (company_id, product_id) ON DELETE CASCADE,
	CONSTRAINT fk_search_variants_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_search_variants_company_id_product_id ON search_variants (company_id, product_id);

call secure_table('search_products');
call secure_table('search_documents');
call secure_table('search_variants');

-- Keeping them ------------------------------------------------------------------------------------------
-- What shoppers may find of these products, written anew. The products are locked first, and what is read of them is
-- read in later statements, whose snapshots see what another writer of the same product has committed.
create function refresh_search(p_company_id uuid, p_product_ids uuid []) returns void language plpgsql as $$
begin
    perform from unnest(p_product_ids) as wanted (product_id)
    inner join products on products.company_id = p_company_id and products.id = wanted.product_id
    order by products.id for no key update of products;

    delete from search_products as known
    using unnest(p_product_ids) as wanted (product_id)
    inner join products on products.company_id = p_company_id and products.id = wanted.product_id
    where known.company_id = p_company_id and known.product_id = wanted.product_id
    and not (products.status = 'published' and products.is_active and products.archived_at is null);

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
            select pair.name || chr(31) || pair.value
            from variants
            cross join lateral jsonb_each_text(variants.options) as pair (name, value)
            where variants.company_id = p_company_id and variants.product_id = product.id
            and variants.is_active and variants.archived_at is null
            and lower(pair.name) not in ('size', 'colour', 'color') and pair.value <> ''
        ),
        product.price_amount, product.sale_price_amount, product.rating_average, product.rating_count,
        product.sold_units, product.view_count, coalesce(product.published_at, product.created_at)
    from unnest(p_product_ids) as wanted (product_id)
    inner join products as product on product.company_id = p_company_id and product.id = wanted.product_id
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

    insert into search_documents as known (company_id, product_id, document)
    select
        product.company_id, product.id,
        search_words(concat_ws(' ', product.name, numbers.skus, product.barcode), 'A')
        || search_words(concat_ws(
            ' ', product.brand, product.collection, product.subcategory, numbers.tags, above.names
        ), 'B')
        || search_words(concat_ws(
            ' ', product.short_description, product.material, product.gender, numbers.specifications,
            numbers.options, numbers.keywords
        ), 'C')
        || search_words(product.description, 'D')
    from unnest(p_product_ids) as wanted (product_id)
    inner join products as product on product.company_id = p_company_id and product.id = wanted.product_id
    cross join lateral (
        select
            (
                select string_agg(sku || ' ' || regexp_replace(sku, '[^[:alnum:]]', '', 'g'), ' ') from (
                    select product.sku
                    union
                    select variants.sku from variants
                    where variants.company_id = p_company_id and variants.product_id = product.id
                    and variants.is_active and variants.archived_at is null
                    order by sku
                ) as listed
            ) as skus,
            (
                select string_agg(concat_ws(' ', variants.name, variants.barcode, pair.value), ' ')
                from variants
                left join lateral jsonb_each_text(variants.options) as pair (name, value) on true
                where variants.company_id = p_company_id and variants.product_id = product.id
                and variants.is_active and variants.archived_at is null
            ) as options,
            (select string_agg(tag, ' ') from jsonb_array_elements_text(product.tags) as tag) as tags,
            (select string_agg(word, ' ') from jsonb_array_elements_text(product.seo_keywords) as word) as keywords,
            (
                select string_agg(value, ' ') from jsonb_each_text(product.specifications) as pair (name, value)
            ) as specifications
    ) as numbers
    left join lateral (
        select string_agg(upper_one.name, ' ') as names
        from categories as own
        cross join lateral unnest(string_to_array(trim(trailing '/' from own.path), '/')::uuid []) as part (id)
        inner join categories as upper_one
            on upper_one.company_id = own.company_id and upper_one.id = part.id
        where own.company_id = p_company_id and own.id = product.category_id
    ) as above on true
    where product.status = 'published' and product.is_active and product.archived_at is null
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
end $$;

create function refresh_search_of_variants() returns trigger language plpgsql as $$
begin
    perform refresh_search(company_id, array_agg(distinct product_id)) from new_rows group by company_id;
    return null;
end $$;

-- Rows before and after are compared as sets, never joined: such tables have no index, and the plan of a statement
-- in a trigger is made once, for as few rows as the first had.
create function refresh_search_of_changed_variants() returns trigger language plpgsql as $$
begin
    perform refresh_search(company_id, array_agg(distinct product_id))
    from (
        (
            select company_id, id, product_id, sku, name, barcode, options, price_modifier_amount, is_active, archived_at from new_rows
            except
            select company_id, id, product_id, sku, name, barcode, options, price_modifier_amount, is_active, archived_at from old_rows
        )
        union all
        (
            select company_id, id, product_id, sku, name, barcode, options, price_modifier_amount, is_active, archived_at from old_rows
            except
            select company_id, id, product_id, sku, name, barcode, options, price_modifier_amount, is_active, archived_at from new_rows
        )
    ) as changed
    group by company_id;
    return null;
end $$;

-- Counters change often and are no words; everything else is written anew. A product is first written with its
-- first variant: before, there is nothing of it to buy.
create function refresh_search_of_products() returns trigger language plpgsql as $$
declare
    counters constant text [] := array['rating_average', 'rating_count', 'sold_units', 'view_count'];
    irrelevant constant text [] := counters || array['row_xid', 'updated_at', 'cost_amount', 'images'];
begin
    perform refresh_search(company_id, array_agg(id))
    from (
        select company_id, id, to_jsonb(new_rows) - irrelevant from new_rows
        except
        select company_id, id, to_jsonb(old_rows) - irrelevant from old_rows
    ) as changed
    group by company_id;

    update search_products as known
    set
        rating_average = new_rows.rating_average, rating_count = new_rows.rating_count,
        sold_units = new_rows.sold_units, view_count = new_rows.view_count
    from new_rows
    where known.company_id = new_rows.company_id and known.product_id = new_rows.id
    and (known.rating_average, known.rating_count, known.sold_units, known.view_count)
        is distinct from (new_rows.rating_average, new_rows.rating_count, new_rows.sold_units, new_rows.view_count);
    return null;
end $$;

-- A category's name is among the words of what lies in it and below it. Where it lies is told by its path, which
-- changes for each category of a subtree that is moved.
create function refresh_search_of_category() returns trigger language plpgsql as $$
begin
    perform refresh_search(new.company_id, array_agg(products.id))
    from products
    inner join categories on categories.company_id = products.company_id and categories.id = products.category_id
    where products.company_id = new.company_id
    and (
        products.category_id = new.id
        or old.name <> new.name and categories.path like new.path || '%'
    )
    having count(*) > 0;
    return null;
end $$;

create trigger refresh_search_added after insert on variants referencing new table as new_rows
for each statement execute function refresh_search_of_variants();
create trigger refresh_search_changed after update on variants
referencing old table as old_rows new table as new_rows
for each statement execute function refresh_search_of_changed_variants();
create trigger refresh_search_changed after update on products
referencing old table as old_rows new table as new_rows
for each statement execute function refresh_search_of_products();
create trigger refresh_search after update on categories for each row
when (old.name <> new.name or old.path <> new.path) execute function refresh_search_of_category();

select refresh_search(company_id, array_agg(id)) from products group by company_id;

-- Finding -----------------------------------------------------------------------------------------------
-- The bound company's products that hold the words, and how well: by the weight of what holds them, whole words
-- once more than mere beginnings. With its owner's rights, because under row-level security an index is not asked
-- about words: the operator is not leakproof. The company is the same setting as the policy's.
create function search_find_products(p_words text, p_is_ranked boolean)
returns table (product_id uuid, rank numeric)
language plpgsql stable rows 2000 security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    bound constant uuid := nullif(current_setting('app.company_id', true), '')::uuid;
    asked constant tsquery := search_query(p_words);
    beginnings constant tsquery := search_any(p_words, true);
    whole_words constant tsquery := search_any(p_words, false);
    weights constant real [] := '{0.1, 0.2, 0.4, 1}';
begin
    if not p_is_ranked then
        return query select known.product_id, 0::numeric from search_documents as known
        where known.company_id = bound and known.document @@ asked;
        return;
    end if;
    return query select
        known.product_id,
        round((
            ts_rank(weights, known.document, beginnings) + ts_rank(weights, known.document, whole_words)
        )::numeric, 6)
    from search_documents as known
    where known.company_id = bound and known.document @@ asked;
end $$;

revoke execute on function
    search_fold(text), search_words(text, "char"), search_query(text), search_any(text, boolean),
    option_value(jsonb, text []), refresh_search(uuid, uuid []), refresh_search_of_variants(),
    refresh_search_of_changed_variants(), refresh_search_of_products(), refresh_search_of_category(),
    search_find_products(text, boolean)
from public;
grant execute on function
    search_fold(text), search_words(text, "char"), search_query(text), search_any(text, boolean),
    option_value(jsonb, text []), refresh_search(uuid, uuid []), refresh_search_of_variants(),
    refresh_search_of_changed_variants(), refresh_search_of_products(), refresh_search_of_category(),
    search_find_products(text, boolean)
to stockwise_app;
