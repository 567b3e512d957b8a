-- Carts, wishlists and what is saved for later.

CREATE TABLE carts (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    customer_id UUID,
    session_sha256 BYTEA,
    email TEXT,
    status TEXT DEFAULT 'active' NOT NULL,
    coupon_codes JSONB DEFAULT '[]'::jsonb NOT NULL,
    destination JSONB DEFAULT '{}'::jsonb NOT NULL,
    shipping_methods JSONB DEFAULT '{}'::jsonb NOT NULL,
    last_activity_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    abandoned_at TIMESTAMP WITH TIME ZONE,
    converted_at TIMESTAMP WITH TIME ZONE,
    merged_into_cart_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_carts PRIMARY KEY (company_id, id),
    CONSTRAINT fk_carts_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT ck_carts_status_known CHECK (status in ('active', 'abandoned', 'converted', 'merged')),
    CONSTRAINT ck_carts_one_owner CHECK ((customer_id is null) <> (session_sha256 is null)),
    CONSTRAINT ck_carts_email_lower CHECK (email = lower(email)),
    CONSTRAINT fk_carts_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_carts_active_last_activity ON carts (last_activity_at) WHERE status = 'active';
CREATE INDEX ix_carts_company_id_customer_id ON carts (company_id, customer_id);
CREATE INDEX ix_carts_expiry ON carts (expires_at) WHERE status <> 'converted';
CREATE INDEX ix_carts_row_xid ON carts (row_xid);
CREATE UNIQUE INDEX uq_carts_open_of_customer ON carts (company_id, customer_id) WHERE status in ('active', 'abandoned');
CREATE UNIQUE INDEX uq_carts_open_of_session ON carts (company_id, session_sha256) WHERE status in ('active', 'abandoned');

CREATE TABLE cart_lines (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    cart_id UUID NOT NULL,
    shop_id UUID NOT NULL,
    variant_id UUID NOT NULL,
    quantity_units INTEGER NOT NULL,
    added_unit_price_amount NUMERIC(18, 6) NOT NULL,
    unit_price_amount NUMERIC(18, 6) NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_cart_lines PRIMARY KEY (company_id, id),
    CONSTRAINT fk_cart_lines_company_id_cart_id FOREIGN KEY(company_id, cart_id) REFERENCES carts (company_id, id),
    CONSTRAINT fk_cart_lines_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
    CONSTRAINT fk_cart_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id),
    CONSTRAINT uq_cart_lines_company_id_cart_id_variant_id_shop_id UNIQUE (company_id, cart_id, variant_id, shop_id),
    CONSTRAINT ck_cart_lines_quantity_positive CHECK (quantity_units > 0)
);
CREATE INDEX ix_cart_lines_company_id_shop_id ON cart_lines (company_id, shop_id);
CREATE INDEX ix_cart_lines_company_id_variant_id ON cart_lines (company_id, variant_id);
CREATE INDEX ix_cart_lines_row_xid ON cart_lines (row_xid);

CREATE TABLE saved_items (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    customer_id UUID,
    session_sha256 BYTEA,
    shop_id UUID NOT NULL,
    variant_id UUID NOT NULL,
    quantity_units INTEGER NOT NULL,
    unit_price_amount NUMERIC(18, 6) NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_saved_items PRIMARY KEY (company_id, id),
    CONSTRAINT fk_saved_items_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT fk_saved_items_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
    CONSTRAINT fk_saved_items_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id),
    CONSTRAINT ck_saved_items_one_owner CHECK ((customer_id is null) <> (session_sha256 is null)),
    CONSTRAINT ck_saved_items_quantity_positive CHECK (quantity_units > 0),
    CONSTRAINT ck_saved_items_guests_expire CHECK ((session_sha256 is null) = (expires_at is null))
);
CREATE INDEX ix_saved_items_company_id_shop_id ON saved_items (company_id, shop_id);
CREATE INDEX ix_saved_items_company_id_variant_id ON saved_items (company_id, variant_id);
CREATE INDEX ix_saved_items_expiry ON saved_items (expires_at) WHERE expires_at is not null;
CREATE INDEX ix_saved_items_row_xid ON saved_items (row_xid);
CREATE UNIQUE INDEX uq_saved_items_of_customer ON saved_items (company_id, customer_id, variant_id, shop_id) WHERE customer_id is not null;
CREATE UNIQUE INDEX uq_saved_items_of_session ON saved_items (company_id, session_sha256, variant_id, shop_id) WHERE session_sha256 is not null;

CREATE TABLE wishlists (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    customer_id UUID NOT NULL,
    name TEXT NOT NULL,
    is_default BOOLEAN DEFAULT false NOT NULL,
    is_public BOOLEAN DEFAULT false NOT NULL,
    share_token TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_wishlists PRIMARY KEY (company_id, id),
    CONSTRAINT fk_wishlists_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT uq_wishlists_company_id_customer_id_name UNIQUE (company_id, customer_id, name),
    CONSTRAINT uq_wishlists_company_id_share_token UNIQUE (company_id, share_token),
    CONSTRAINT ck_wishlists_public_by_token CHECK (is_public = (share_token is not null))
);
CREATE INDEX ix_wishlists_company_id_customer_id ON wishlists (company_id, customer_id);
CREATE INDEX ix_wishlists_row_xid ON wishlists (row_xid);
CREATE UNIQUE INDEX uq_wishlists_default ON wishlists (company_id, customer_id) WHERE is_default;

CREATE TABLE wishlist_items (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    wishlist_id UUID NOT NULL,
    product_id UUID NOT NULL,
    variant_id UUID,
    priority INTEGER DEFAULT 3 NOT NULL,
    notes TEXT,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_wishlist_items PRIMARY KEY (company_id, id),
    CONSTRAINT fk_wishlist_items_company_id_wishlist_id FOREIGN KEY(company_id, wishlist_id) REFERENCES wishlists (company_id, id),
    CONSTRAINT fk_wishlist_items_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
    CONSTRAINT fk_wishlist_items_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id),
    CONSTRAINT uq_wishlist_items_company_id_wishlist_id_product_id_variant_id UNIQUE NULLS NOT DISTINCT (company_id, wishlist_id, product_id, variant_id),
    CONSTRAINT ck_wishlist_items_priority_range CHECK (priority between 1 and 5)
);
CREATE INDEX ix_wishlist_items_company_id_product_id ON wishlist_items (company_id, product_id);
CREATE INDEX ix_wishlist_items_company_id_variant_id ON wishlist_items (company_id, variant_id);
CREATE INDEX ix_wishlist_items_row_xid ON wishlist_items (row_xid);

call secure_table('carts');
call secure_table('cart_lines');
call secure_table('saved_items');
call secure_table('wishlists');
call secure_table('wishlist_items');

-- The sweeper's question: in which companies is a cart idle, past its time, or holding stock for too long?
create function carts_find_due(p_idle_since timestamptz, p_at timestamptz) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select carts.company_id from carts where carts.status = 'active' and carts.last_activity_at <= p_idle_since
    union
    select carts.company_id from carts where carts.status <> 'converted' and carts.expires_at <= p_at
    union
    select saved_items.company_id from saved_items where saved_items.expires_at <= p_at
    union
    select reservations.company_id from reservations
    where reservations.status = 'live' and reservations.owner_type = 'cart' and reservations.expires_at <= p_at
$$;
revoke execute on function carts_find_due(timestamptz, timestamptz) from public;
grant execute on function carts_find_due(timestamptz, timestamptz) to stockwise_app;
