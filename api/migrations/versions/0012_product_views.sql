-- Views of products: recorded in batches, counted by the worker, forgotten after a while.

CREATE TABLE product_views (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    product_id UUID NOT NULL,
    shop_id UUID,
    customer_id UUID,
    session_key TEXT,
    viewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    duration_seconds NUMERIC(8, 3),
    source TEXT,
    referrer_url TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_product_views PRIMARY KEY (company_id, id),
    CONSTRAINT fk_product_views_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
    CONSTRAINT fk_product_views_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
    CONSTRAINT fk_product_views_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT ck_product_views_source_known CHECK (source in ('search', 'category', 'product', 'recommendation', 'home', 'banner', 'cart', 'wishlist', 'email', 'advertisement', 'direct', 'other')),
    CONSTRAINT ck_product_views_somebody_looked CHECK (customer_id is not null or session_key is not null),
    CONSTRAINT ck_product_views_duration_possible CHECK (duration_seconds between 0 and 86400)
);
CREATE INDEX ix_product_views_created_at ON product_views (created_at);
CREATE INDEX ix_product_views_row_xid ON product_views (row_xid);
CREATE TABLE product_view_tallies (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    product_id UUID NOT NULL,
    view_count INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_product_view_tallies PRIMARY KEY (company_id, id),
    CONSTRAINT fk_product_view_tallies_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
    CONSTRAINT ck_product_view_tallies_view_count_positive CHECK (view_count > 0)
);

call secure_table('product_views');
call secure_table('product_view_tallies');
-- What was seen is not seen otherwise later: the app adds views and erases who it was, nothing else; the
-- function below forgets them.
revoke update, delete on product_views from stockwise_app;
grant update (session_key, referrer_url) on product_views to stockwise_app;

-- The worker's question: in which companies are there views that their products do not count yet?
create function product_views_find_tallies() returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select distinct product_view_tallies.company_id from product_view_tallies
$$;

-- Views that were recorded before an instant, oldest first.
create function purge_product_views(p_before timestamptz, p_limit integer) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    with old_rows as (
        select company_id, id from product_views where created_at < p_before
        order by created_at limit p_limit for update skip locked
    ),
    purged as (
        delete from product_views as stored using old_rows
        where stored.company_id = old_rows.company_id and stored.id = old_rows.id
        returning 1
    )
    select count(*)::integer from purged
$$;
revoke execute on function product_views_find_tallies(), purge_product_views(timestamptz, integer) from public;
grant execute on function product_views_find_tallies(), purge_product_views(timestamptz, integer) to stockwise_app;
