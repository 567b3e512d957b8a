-- The tables as of this migration, written from the metadata and then kept as they are.

CREATE TABLE event_consumers (
    consumer TEXT NOT NULL, 
    delivered_before_xid xid8 DEFAULT '3'::xid8 NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_event_consumers PRIMARY KEY (consumer)
);


CREATE TABLE roles (
    name TEXT NOT NULL, 
    description TEXT NOT NULL, 
    is_platform BOOLEAN DEFAULT false NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_roles PRIMARY KEY (name)
);


CREATE TABLE users (
    id UUID DEFAULT uuidv7() NOT NULL, 
    email TEXT NOT NULL, 
    username TEXT, 
    password_hash TEXT NOT NULL, 
    first_name TEXT DEFAULT '' NOT NULL, 
    last_name TEXT DEFAULT '' NOT NULL, 
    phone TEXT, 
    avatar_url TEXT, 
    is_email_verified BOOLEAN DEFAULT false NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    last_login_at TIMESTAMP WITH TIME ZONE, 
    preferences JSONB DEFAULT '{}'::jsonb NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_users PRIMARY KEY (id), 
    CONSTRAINT uq_users_email UNIQUE (email), 
    CONSTRAINT uq_users_username UNIQUE (username), 
    CONSTRAINT uq_users_phone UNIQUE (phone), 
    CONSTRAINT ck_users_email_lower CHECK (email = lower(email) and position('@' in email) > 1), 
    CONSTRAINT ck_users_phone_e164 CHECK (phone ~ '^\+[1-9][0-9]{6,14}$')
);


CREATE TABLE companies (
    id UUID DEFAULT uuidv7() NOT NULL, 
    name TEXT NOT NULL, 
    slug TEXT NOT NULL, 
    description TEXT, 
    logo_url TEXT, 
    branding JSONB DEFAULT '{}'::jsonb NOT NULL, 
    contact_email TEXT, 
    contact_phone TEXT, 
    website TEXT, 
    address JSONB DEFAULT '{}'::jsonb NOT NULL, 
    currency CHAR(3) DEFAULT 'USD' NOT NULL, 
    timezone TEXT DEFAULT 'UTC' NOT NULL, 
    tax_rate NUMERIC(9, 6) DEFAULT 0 NOT NULL, 
    prices_include_tax BOOLEAN DEFAULT false NOT NULL, 
    reservation_minutes INTEGER DEFAULT 15 NOT NULL, 
    cart_reservation_minutes INTEGER DEFAULT 0 NOT NULL, 
    return_window_days INTEGER DEFAULT 30 NOT NULL, 
    planning_settings JSONB DEFAULT '{}'::jsonb NOT NULL, 
    subscription_plan TEXT DEFAULT 'free' NOT NULL, 
    subscription_status TEXT DEFAULT 'active' NOT NULL, 
    subscription_expires_at TIMESTAMP WITH TIME ZONE, 
    owner_user_id UUID, 
    data_origin TEXT DEFAULT 'live' NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_companies PRIMARY KEY (id), 
    CONSTRAINT uq_companies_slug UNIQUE (slug), 
    CONSTRAINT ck_companies_subscription_status_known CHECK (subscription_status in ('trial', 'active', 'past_due', 'cancelled', 'expired')), 
    CONSTRAINT ck_companies_data_origin_known CHECK (data_origin in ('live', 'import', 'demo')), 
    CONSTRAINT ck_companies_tax_rate_range CHECK (tax_rate >= 0 and tax_rate < 1), 
    CONSTRAINT ck_companies_currency_iso CHECK (currency ~ '^[A-Z]{3}$'), 
    CONSTRAINT fk_companies_owner_user_id FOREIGN KEY(owner_user_id) REFERENCES users (id)
);

CREATE INDEX ix_companies_row_xid ON companies (row_xid);

CREATE TABLE platform_roles (
    user_id UUID NOT NULL, 
    role TEXT NOT NULL, 
    assigned_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_platform_roles PRIMARY KEY (user_id, role), 
    CONSTRAINT fk_platform_roles_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
    CONSTRAINT fk_platform_roles_role FOREIGN KEY(role) REFERENCES roles (name)
);


CREATE TABLE categories (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    parent_id UUID, 
    name TEXT NOT NULL, 
    slug TEXT NOT NULL, 
    description TEXT, 
    image_url TEXT, 
    icon TEXT, 
    level INTEGER DEFAULT 0 NOT NULL, 
    display_order INTEGER DEFAULT 0 NOT NULL, 
    product_count INTEGER DEFAULT 0 NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    seo_title TEXT, 
    seo_description TEXT, 
    seo_keywords JSONB DEFAULT '[]'::jsonb NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_categories PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_categories_company_id_parent_id FOREIGN KEY(company_id, parent_id) REFERENCES categories (company_id, id), 
    CONSTRAINT uq_categories_company_id_slug UNIQUE (company_id, slug), 
    CONSTRAINT uq_categories_company_id_parent_id_name UNIQUE NULLS NOT DISTINCT (company_id, parent_id, name), 
    CONSTRAINT fk_categories_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_categories_company_id_parent_id ON categories (company_id, parent_id);
CREATE INDEX ix_categories_row_xid ON categories (row_xid);

CREATE TABLE customers (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    user_id UUID, 
    email TEXT, 
    external_code TEXT, 
    first_name TEXT, 
    last_name TEXT, 
    phone TEXT, 
    country TEXT, 
    preferences JSONB DEFAULT '{}'::jsonb NOT NULL, 
    accepts_marketing BOOLEAN DEFAULT false NOT NULL, 
    pseudonymised_at TIMESTAMP WITH TIME ZONE, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_customers PRIMARY KEY (company_id, id), 
    CONSTRAINT uq_customers_company_id_user_id UNIQUE (company_id, user_id), 
    CONSTRAINT uq_customers_company_id_email UNIQUE (company_id, email), 
    CONSTRAINT uq_customers_company_id_external_code UNIQUE (company_id, external_code), 
    CONSTRAINT ck_customers_email_lower CHECK (email = lower(email)), 
    CONSTRAINT fk_customers_company_id FOREIGN KEY(company_id) REFERENCES companies (id), 
    CONSTRAINT fk_customers_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_customers_row_xid ON customers (row_xid);
CREATE INDEX ix_customers_user_id ON customers (user_id);

CREATE TABLE events (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    sequence BIGINT GENERATED ALWAYS AS IDENTITY, 
    type TEXT NOT NULL, 
    aggregate_type TEXT NOT NULL, 
    aggregate_id UUID NOT NULL, 
    payload JSONB DEFAULT '{}'::jsonb NOT NULL, 
    actor_user_id UUID, 
    request_id TEXT, 
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_events PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_events_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_events_row_xid ON events (row_xid);

CREATE TABLE idempotency_keys (
    company_id UUID NOT NULL, 
    scope TEXT NOT NULL, 
    key TEXT NOT NULL, 
    request_sha256 BYTEA NOT NULL, 
    status_code INTEGER NOT NULL, 
    response_body TEXT NOT NULL, 
    resource_id UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (company_id, scope, key), 
    CONSTRAINT fk_idempotency_keys_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE locations (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    code TEXT NOT NULL, 
    name TEXT NOT NULL, 
    kind TEXT DEFAULT 'warehouse' NOT NULL, 
    address JSONB DEFAULT '{}'::jsonb NOT NULL, 
    latitude DOUBLE PRECISION, 
    longitude DOUBLE PRECISION, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_locations PRIMARY KEY (company_id, id), 
    CONSTRAINT uq_locations_company_id_code UNIQUE (company_id, code), 
    CONSTRAINT ck_locations_kind_known CHECK (kind in ('warehouse', 'shop', 'in_transit')), 
    CONSTRAINT fk_locations_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_locations_row_xid ON locations (row_xid);

CREATE TABLE memberships (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    user_id UUID NOT NULL, 
    role TEXT NOT NULL, 
    approval_limit_amount NUMERIC(14, 2), 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_memberships PRIMARY KEY (company_id, id), 
    CONSTRAINT ck_memberships_role_known CHECK (role in ('company_admin', 'shop_manager', 'shop_staff', 'customer', 'buyer')), 
    CONSTRAINT uq_memberships_company_id_user_id_role UNIQUE (company_id, user_id, role), 
    CONSTRAINT fk_memberships_company_id FOREIGN KEY(company_id) REFERENCES companies (id), 
    CONSTRAINT fk_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
    CONSTRAINT fk_memberships_role FOREIGN KEY(role) REFERENCES roles (name)
);

CREATE INDEX ix_memberships_user_id ON memberships (user_id);

CREATE TABLE sessions (
    id UUID DEFAULT uuidv7() NOT NULL, 
    family_id UUID NOT NULL, 
    user_id UUID NOT NULL, 
    company_id UUID, 
    refresh_token_sha256 BYTEA NOT NULL, 
    issued_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    rotated_at TIMESTAMP WITH TIME ZONE, 
    revoked_at TIMESTAMP WITH TIME ZONE, 
    revoked_reason TEXT, 
    ip_address TEXT, 
    user_agent TEXT, 
    CONSTRAINT pk_sessions PRIMARY KEY (id), 
    CONSTRAINT uq_sessions_refresh_token_sha256 UNIQUE (refresh_token_sha256), 
    CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
    CONSTRAINT fk_sessions_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_sessions_family_id ON sessions (family_id);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE shops (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    name TEXT NOT NULL, 
    slug TEXT NOT NULL, 
    address_line TEXT, 
    city TEXT, 
    state TEXT, 
    postal_code TEXT, 
    country TEXT, 
    latitude DOUBLE PRECISION, 
    longitude DOUBLE PRECISION, 
    contact JSONB DEFAULT '{}'::jsonb NOT NULL, 
    operating_hours JSONB DEFAULT '[]'::jsonb NOT NULL, 
    manager_user_id UUID, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_shops PRIMARY KEY (company_id, id), 
    CONSTRAINT uq_shops_company_id_slug UNIQUE (company_id, slug), 
    CONSTRAINT fk_shops_company_id FOREIGN KEY(company_id) REFERENCES companies (id), 
    CONSTRAINT fk_shops_manager_user_id FOREIGN KEY(manager_user_id) REFERENCES users (id)
);

CREATE INDEX ix_shops_row_xid ON shops (row_xid);

CREATE TABLE suppliers (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    code TEXT NOT NULL, 
    name TEXT NOT NULL, 
    contact_name TEXT, 
    contact_email TEXT, 
    contact_phone TEXT, 
    address JSONB DEFAULT '{}'::jsonb NOT NULL, 
    currency CHAR(3) NOT NULL, 
    quoted_lead_time_days INTEGER, 
    working_weekdays TEXT DEFAULT '12345' NOT NULL, 
    minimum_order_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    is_assumed BOOLEAN DEFAULT false NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_suppliers PRIMARY KEY (company_id, id), 
    CONSTRAINT uq_suppliers_company_id_code UNIQUE (company_id, code), 
    CONSTRAINT ck_suppliers_working_weekdays_iso CHECK (working_weekdays ~ '^[1-7]+$'), 
    CONSTRAINT fk_suppliers_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_suppliers_row_xid ON suppliers (row_xid);

CREATE TABLE tombstones (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    table_name TEXT NOT NULL, 
    key JSONB NOT NULL, 
    deleted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_tombstones PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_tombstones_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_tombstones_row_xid ON tombstones (row_xid);

CREATE TABLE event_deliveries (
    company_id UUID NOT NULL, 
    consumer TEXT NOT NULL, 
    event_id UUID NOT NULL, 
    delivered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_event_deliveries PRIMARY KEY (company_id, consumer, event_id), 
    CONSTRAINT fk_event_deliveries_company_id_event_id FOREIGN KEY(company_id, event_id) REFERENCES events (company_id, id), 
    CONSTRAINT fk_event_deliveries_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);


CREATE TABLE membership_shops (
    company_id UUID NOT NULL, 
    membership_id UUID NOT NULL, 
    shop_id UUID NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_membership_shops PRIMARY KEY (company_id, membership_id, shop_id), 
    CONSTRAINT fk_membership_shops_company_id_membership_id FOREIGN KEY(company_id, membership_id) REFERENCES memberships (company_id, id), 
    CONSTRAINT fk_membership_shops_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id), 
    CONSTRAINT fk_membership_shops_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_membership_shops_company_id_membership_id ON membership_shops (company_id, membership_id);
CREATE INDEX ix_membership_shops_company_id_shop_id ON membership_shops (company_id, shop_id);

CREATE TABLE orders (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    order_number TEXT NOT NULL, 
    checkout_id UUID, 
    cart_id UUID, 
    shop_id UUID NOT NULL, 
    customer_id UUID, 
    email TEXT, 
    placed_by TEXT NOT NULL, 
    placed_by_user_id UUID, 
    status TEXT DEFAULT 'pending' NOT NULL, 
    payment_status TEXT DEFAULT 'unpaid' NOT NULL, 
    currency CHAR(3) NOT NULL, 
    prices_include_tax BOOLEAN DEFAULT false NOT NULL, 
    subtotal_amount NUMERIC(14, 2) NOT NULL, 
    tax_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    shipping_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    discount_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    total_amount NUMERIC(14, 2) NOT NULL, 
    shipping_address JSONB DEFAULT '{}'::jsonb NOT NULL, 
    billing_address JSONB DEFAULT '{}'::jsonb NOT NULL, 
    shipping_method TEXT, 
    coupon_code TEXT, 
    customer_note TEXT, 
    internal_note TEXT, 
    external_code TEXT, 
    placed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    reservation_expires_at TIMESTAMP WITH TIME ZONE, 
    confirmed_at TIMESTAMP WITH TIME ZONE, 
    shipped_at TIMESTAMP WITH TIME ZONE, 
    delivered_at TIMESTAMP WITH TIME ZONE, 
    completed_at TIMESTAMP WITH TIME ZONE, 
    cancelled_at TIMESTAMP WITH TIME ZONE, 
    cancellation_reason TEXT, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_orders PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_orders_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id), 
    CONSTRAINT fk_orders_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id), 
    CONSTRAINT uq_orders_company_id_order_number UNIQUE (company_id, order_number), 
    CONSTRAINT uq_orders_company_id_external_code UNIQUE (company_id, external_code), 
    CONSTRAINT uq_orders_company_id_cart_id_shop_id UNIQUE (company_id, cart_id, shop_id), 
    CONSTRAINT ck_orders_status_known CHECK (status in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded')), 
    CONSTRAINT ck_orders_payment_status_known CHECK (payment_status in ('unpaid', 'authorised', 'paid', 'partly_refunded', 'refunded', 'failed', 'voided')), 
    CONSTRAINT ck_orders_placed_by_known CHECK (placed_by in ('customer', 'guest', 'staff', 'import')), 
    CONSTRAINT ck_orders_total_adds_up CHECK (total_amount = subtotal_amount + shipping_amount - discount_amount + case when prices_include_tax then 0 else tax_amount end), 
    CONSTRAINT fk_orders_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_orders_company_id_customer_id_placed_at ON orders (company_id, customer_id, placed_at desc);
CREATE INDEX ix_orders_company_id_placed_at ON orders (company_id, placed_at desc, id desc);
CREATE INDEX ix_orders_company_id_shop_id_placed_at ON orders (company_id, shop_id, placed_at desc);
CREATE INDEX ix_orders_company_id_status ON orders (company_id, status);
CREATE INDEX ix_orders_row_xid ON orders (row_xid);

CREATE TABLE products (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    category_id UUID, 
    shop_id UUID, 
    seller_user_id UUID, 
    sku TEXT NOT NULL, 
    slug TEXT NOT NULL, 
    name TEXT NOT NULL, 
    short_description TEXT, 
    description TEXT DEFAULT '' NOT NULL, 
    brand TEXT, 
    collection TEXT, 
    material TEXT, 
    gender TEXT, 
    barcode TEXT, 
    price_amount NUMERIC(18, 6) NOT NULL, 
    sale_price_amount NUMERIC(18, 6), 
    compare_at_price_amount NUMERIC(18, 6), 
    cost_amount NUMERIC(18, 6), 
    images JSONB DEFAULT '[]'::jsonb NOT NULL, 
    specifications JSONB DEFAULT '{}'::jsonb NOT NULL, 
    weight_kg NUMERIC(10, 3), 
    length_cm NUMERIC(10, 2), 
    width_cm NUMERIC(10, 2), 
    height_cm NUMERIC(10, 2), 
    has_free_shipping BOOLEAN DEFAULT false NOT NULL, 
    shipping_class TEXT DEFAULT 'standard' NOT NULL, 
    estimated_delivery_days INTEGER, 
    seo_title TEXT, 
    seo_description TEXT, 
    seo_keywords JSONB DEFAULT '[]'::jsonb NOT NULL, 
    tags JSONB DEFAULT '[]'::jsonb NOT NULL, 
    options JSONB DEFAULT '[]'::jsonb NOT NULL, 
    related_product_ids JSONB DEFAULT '[]'::jsonb NOT NULL, 
    rating_average NUMERIC(3, 2) DEFAULT 0 NOT NULL, 
    rating_count INTEGER DEFAULT 0 NOT NULL, 
    sold_units INTEGER DEFAULT 0 NOT NULL, 
    view_count INTEGER DEFAULT 0 NOT NULL, 
    status TEXT DEFAULT 'draft' NOT NULL, 
    is_featured BOOLEAN DEFAULT false NOT NULL, 
    is_new_arrival BOOLEAN DEFAULT false NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    is_assumed BOOLEAN DEFAULT false NOT NULL, 
    published_at TIMESTAMP WITH TIME ZONE, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_products PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_products_company_id_category_id FOREIGN KEY(company_id, category_id) REFERENCES categories (company_id, id), 
    CONSTRAINT fk_products_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id), 
    CONSTRAINT uq_products_company_id_sku UNIQUE (company_id, sku), 
    CONSTRAINT uq_products_company_id_slug UNIQUE (company_id, slug), 
    CONSTRAINT uq_products_company_id_barcode UNIQUE (company_id, barcode), 
    CONSTRAINT ck_products_status_known CHECK (status in ('draft', 'published', 'archived')), 
    CONSTRAINT ck_products_gender_known CHECK (gender in ('male', 'female', 'unisex')), 
    CONSTRAINT ck_products_shipping_class_known CHECK (shipping_class in ('standard', 'express', 'overnight')), 
    CONSTRAINT ck_products_price_not_negative CHECK (price_amount >= 0), 
    CONSTRAINT ck_products_sale_below_price CHECK (sale_price_amount >= 0 and sale_price_amount < price_amount), 
    CONSTRAINT ck_products_cost_not_negative CHECK (cost_amount >= 0), 
    CONSTRAINT fk_products_company_id FOREIGN KEY(company_id) REFERENCES companies (id), 
    CONSTRAINT fk_products_seller_user_id FOREIGN KEY(seller_user_id) REFERENCES users (id)
);

CREATE INDEX ix_products_company_id_category_id ON products (company_id, category_id);
CREATE INDEX ix_products_company_id_created_at ON products (company_id, created_at desc);
CREATE INDEX ix_products_company_id_shop_id ON products (company_id, shop_id);
CREATE INDEX ix_products_company_id_status ON products (company_id, status, is_active);
CREATE INDEX ix_products_row_xid ON products (row_xid);

CREATE TABLE restock_orders (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    restock_number TEXT NOT NULL, 
    supplier_id UUID NOT NULL, 
    location_id UUID NOT NULL, 
    status TEXT DEFAULT 'draft' NOT NULL, 
    currency CHAR(3) NOT NULL, 
    exchange_rate NUMERIC(18, 8) DEFAULT 1 NOT NULL, 
    exchange_rate_date DATE, 
    total_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    total_company_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    expected_date DATE, 
    note TEXT, 
    source TEXT DEFAULT 'manual' NOT NULL, 
    plan_run_id TEXT, 
    is_assumed BOOLEAN DEFAULT false NOT NULL, 
    created_by UUID, 
    approved_by UUID, 
    approved_at TIMESTAMP WITH TIME ZONE, 
    sent_at TIMESTAMP WITH TIME ZONE, 
    closed_at TIMESTAMP WITH TIME ZONE, 
    cancelled_at TIMESTAMP WITH TIME ZONE, 
    cancellation_reason TEXT, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_restock_orders PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_restock_orders_company_id_supplier_id FOREIGN KEY(company_id, supplier_id) REFERENCES suppliers (company_id, id), 
    CONSTRAINT fk_restock_orders_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT uq_restock_orders_company_id_restock_number UNIQUE (company_id, restock_number), 
    CONSTRAINT ck_restock_orders_status_known CHECK (status in ('draft', 'approved', 'sent', 'partly_received', 'received', 'closed_short', 'cancelled')), 
    CONSTRAINT fk_restock_orders_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_restock_orders_company_id_location_id ON restock_orders (company_id, location_id);
CREATE INDEX ix_restock_orders_company_id_status ON restock_orders (company_id, status);
CREATE INDEX ix_restock_orders_company_id_supplier_id ON restock_orders (company_id, supplier_id);
CREATE INDEX ix_restock_orders_row_xid ON restock_orders (row_xid);

CREATE TABLE shop_locations (
    company_id UUID NOT NULL, 
    shop_id UUID NOT NULL, 
    location_id UUID NOT NULL, 
    priority INTEGER DEFAULT 1 NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_shop_locations PRIMARY KEY (company_id, shop_id, location_id), 
    CONSTRAINT fk_shop_locations_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id), 
    CONSTRAINT fk_shop_locations_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT fk_shop_locations_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_shop_locations_company_id_location_id ON shop_locations (company_id, location_id);
CREATE INDEX ix_shop_locations_row_xid ON shop_locations (row_xid);

CREATE TABLE storefront_keys (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    shop_id UUID NOT NULL, 
    name TEXT NOT NULL, 
    key_prefix TEXT NOT NULL, 
    key_sha256 BYTEA NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    last_used_at TIMESTAMP WITH TIME ZONE, 
    revoked_at TIMESTAMP WITH TIME ZONE, 
    CONSTRAINT pk_storefront_keys PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_storefront_keys_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id), 
    CONSTRAINT uq_storefront_keys_key_sha256 UNIQUE (key_sha256), 
    CONSTRAINT fk_storefront_keys_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_storefront_keys_company_id_shop_id ON storefront_keys (company_id, shop_id);

CREATE TABLE order_charges (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    order_id UUID, 
    kind TEXT NOT NULL, 
    code TEXT, 
    description TEXT, 
    quantity INTEGER DEFAULT 1 NOT NULL, 
    unit_amount NUMERIC(18, 6) NOT NULL, 
    amount NUMERIC(14, 2) NOT NULL, 
    external_code TEXT, 
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_order_charges PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_order_charges_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id), 
    CONSTRAINT ck_order_charges_kind_known CHECK (kind in ('shipping', 'fee', 'adjustment', 'discount', 'gift_card', 'bad_debt', 'other')), 
    CONSTRAINT fk_order_charges_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_order_charges_company_id_order_id ON order_charges (company_id, order_id);
CREATE INDEX ix_order_charges_row_xid ON order_charges (row_xid);

CREATE TABLE order_history (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    order_id UUID NOT NULL, 
    from_status TEXT, 
    to_status TEXT NOT NULL, 
    note TEXT, 
    changed_by UUID, 
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_order_history PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_order_history_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id), 
    CONSTRAINT fk_order_history_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_order_history_company_id_order_id ON order_history (company_id, order_id);
CREATE INDEX ix_order_history_row_xid ON order_history (row_xid);

CREATE TABLE order_returns (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    order_id UUID, 
    customer_id UUID, 
    shop_id UUID NOT NULL, 
    external_code TEXT, 
    status TEXT DEFAULT 'requested' NOT NULL, 
    reason TEXT, 
    refund_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    returned_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_order_returns PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_order_returns_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id), 
    CONSTRAINT fk_order_returns_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id), 
    CONSTRAINT fk_order_returns_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id), 
    CONSTRAINT uq_order_returns_company_id_external_code UNIQUE (company_id, external_code), 
    CONSTRAINT ck_order_returns_status_known CHECK (status in ('requested', 'approved', 'rejected', 'received', 'refunded')), 
    CONSTRAINT fk_order_returns_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_order_returns_company_id_customer_id ON order_returns (company_id, customer_id);
CREATE INDEX ix_order_returns_company_id_order_id ON order_returns (company_id, order_id);
CREATE INDEX ix_order_returns_company_id_shop_id ON order_returns (company_id, shop_id);
CREATE INDEX ix_order_returns_row_xid ON order_returns (row_xid);

CREATE TABLE receipts (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    restock_order_id UUID NOT NULL, 
    location_id UUID NOT NULL, 
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    received_by UUID, 
    note TEXT, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_receipts PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_receipts_company_id_restock_order_id FOREIGN KEY(company_id, restock_order_id) REFERENCES restock_orders (company_id, id), 
    CONSTRAINT fk_receipts_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT fk_receipts_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_receipts_company_id_location_id ON receipts (company_id, location_id);
CREATE INDEX ix_receipts_company_id_restock_order_id ON receipts (company_id, restock_order_id);
CREATE INDEX ix_receipts_row_xid ON receipts (row_xid);

CREATE TABLE variants (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    product_id UUID NOT NULL, 
    sku TEXT NOT NULL, 
    name TEXT, 
    barcode TEXT, 
    options JSONB DEFAULT '{}'::jsonb NOT NULL, 
    price_modifier_amount NUMERIC(18, 6) DEFAULT 0 NOT NULL, 
    cost_amount NUMERIC(18, 6), 
    weight_kg NUMERIC(10, 3), 
    image_url TEXT, 
    display_order INTEGER DEFAULT 0 NOT NULL, 
    is_active BOOLEAN DEFAULT true NOT NULL, 
    is_discontinued BOOLEAN DEFAULT false NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_variants PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_variants_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id), 
    CONSTRAINT uq_variants_company_id_sku UNIQUE (company_id, sku), 
    CONSTRAINT uq_variants_company_id_barcode UNIQUE (company_id, barcode), 
    CONSTRAINT ck_variants_cost_not_negative CHECK (cost_amount >= 0), 
    CONSTRAINT fk_variants_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_variants_company_id_product_id ON variants (company_id, product_id);
CREATE INDEX ix_variants_row_xid ON variants (row_xid);

CREATE TABLE cost_history (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    variant_id UUID NOT NULL, 
    unit_cost_amount NUMERIC(18, 6), 
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL, 
    is_assumed BOOLEAN DEFAULT false NOT NULL, 
    reason TEXT, 
    changed_by UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_cost_history PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_cost_history_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT fk_cost_history_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_cost_history_company_id_variant_id ON cost_history (company_id, variant_id);
CREATE INDEX ix_cost_history_row_xid ON cost_history (row_xid);

CREATE TABLE order_lines (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    order_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    line_number INTEGER NOT NULL, 
    sku TEXT NOT NULL, 
    product_name TEXT NOT NULL, 
    variant_name TEXT, 
    image_url TEXT, 
    quantity_units INTEGER NOT NULL, 
    unit_price_amount NUMERIC(18, 6) NOT NULL, 
    unit_cost_amount NUMERIC(18, 6), 
    line_amount NUMERIC(14, 2) NOT NULL, 
    discount_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL, 
    tax_rate NUMERIC(9, 6) DEFAULT 0 NOT NULL, 
    net_amount NUMERIC(14, 2) NOT NULL, 
    tax_amount NUMERIC(14, 2) NOT NULL, 
    gross_amount NUMERIC(14, 2) NOT NULL, 
    backordered_units INTEGER DEFAULT 0 NOT NULL, 
    fulfilled_units INTEGER DEFAULT 0 NOT NULL, 
    cancelled_units INTEGER DEFAULT 0 NOT NULL, 
    returned_units INTEGER DEFAULT 0 NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_order_lines PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_order_lines_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id), 
    CONSTRAINT fk_order_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT uq_order_lines_company_id_order_id_line_number UNIQUE (company_id, order_id, line_number), 
    CONSTRAINT ck_order_lines_quantity_positive CHECK (quantity_units > 0), 
    CONSTRAINT ck_order_lines_gross_adds_up CHECK (gross_amount = net_amount + tax_amount), 
    CONSTRAINT ck_order_lines_units_add_up CHECK (fulfilled_units + cancelled_units <= quantity_units), 
    CONSTRAINT ck_order_lines_returned_were_fulfilled CHECK (returned_units <= fulfilled_units), 
    CONSTRAINT fk_order_lines_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_order_lines_company_id_order_id ON order_lines (company_id, order_id);
CREATE INDEX ix_order_lines_company_id_variant_id ON order_lines (company_id, variant_id);
CREATE INDEX ix_order_lines_row_xid ON order_lines (row_xid);

CREATE TABLE plan_decisions (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    plan_run_id TEXT NOT NULL, 
    proposal_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    location_id UUID NOT NULL, 
    supplier_id UUID, 
    decision TEXT NOT NULL, 
    suggested_units INTEGER NOT NULL, 
    decided_units INTEGER NOT NULL, 
    reason TEXT, 
    restock_order_id UUID, 
    decided_by UUID, 
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_plan_decisions PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_plan_decisions_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT fk_plan_decisions_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT fk_plan_decisions_company_id_supplier_id FOREIGN KEY(company_id, supplier_id) REFERENCES suppliers (company_id, id), 
    CONSTRAINT fk_plan_decisions_company_id_restock_order_id FOREIGN KEY(company_id, restock_order_id) REFERENCES restock_orders (company_id, id), 
    CONSTRAINT uq_plan_decisions_company_id_plan_run_id_variant_id_loc_e235 UNIQUE (company_id, plan_run_id, variant_id, location_id, supplier_id), 
    CONSTRAINT ck_plan_decisions_decision_known CHECK (decision in ('approved', 'dismissed')), 
    CONSTRAINT fk_plan_decisions_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_plan_decisions_company_id_location_id ON plan_decisions (company_id, location_id);
CREATE INDEX ix_plan_decisions_company_id_restock_order_id ON plan_decisions (company_id, restock_order_id);
CREATE INDEX ix_plan_decisions_company_id_supplier_id ON plan_decisions (company_id, supplier_id);
CREATE INDEX ix_plan_decisions_company_id_variant_id ON plan_decisions (company_id, variant_id);
CREATE INDEX ix_plan_decisions_row_xid ON plan_decisions (row_xid);

CREATE TABLE price_history (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    variant_id UUID NOT NULL, 
    unit_price_amount NUMERIC(18, 6) NOT NULL, 
    regular_price_amount NUMERIC(18, 6) NOT NULL, 
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL, 
    reason TEXT, 
    changed_by UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_price_history PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_price_history_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT fk_price_history_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_price_history_company_id_variant_id ON price_history (company_id, variant_id);
CREATE INDEX ix_price_history_row_xid ON price_history (row_xid);

CREATE TABLE product_suppliers (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    supplier_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    supplier_sku TEXT, 
    unit_cost_amount NUMERIC(18, 6) NOT NULL, 
    currency CHAR(3) NOT NULL, 
    price_breaks JSONB DEFAULT '[]'::jsonb NOT NULL, 
    moq_units INTEGER DEFAULT 1 NOT NULL, 
    pack_units INTEGER DEFAULT 1 NOT NULL, 
    lead_time_days INTEGER, 
    is_preferred BOOLEAN DEFAULT false NOT NULL, 
    is_assumed BOOLEAN DEFAULT false NOT NULL, 
    archived_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_product_suppliers PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_product_suppliers_company_id_supplier_id FOREIGN KEY(company_id, supplier_id) REFERENCES suppliers (company_id, id), 
    CONSTRAINT fk_product_suppliers_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT uq_product_suppliers_company_id_supplier_id_variant_id UNIQUE (company_id, supplier_id, variant_id), 
    CONSTRAINT ck_product_suppliers_moq_and_pack_positive CHECK (moq_units >= 1 and pack_units >= 1), 
    CONSTRAINT ck_product_suppliers_cost_not_negative CHECK (unit_cost_amount >= 0), 
    CONSTRAINT fk_product_suppliers_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_product_suppliers_company_id_supplier_id ON product_suppliers (company_id, supplier_id);
CREATE INDEX ix_product_suppliers_company_id_variant_id ON product_suppliers (company_id, variant_id);
CREATE INDEX ix_product_suppliers_row_xid ON product_suppliers (row_xid);

CREATE TABLE reservations (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    location_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    owner_type TEXT DEFAULT 'order' NOT NULL, 
    owner_id UUID NOT NULL, 
    owner_line_id UUID, 
    reserved_units INTEGER NOT NULL, 
    shortfall_units INTEGER DEFAULT 0 NOT NULL, 
    status TEXT DEFAULT 'live' NOT NULL, 
    expires_at TIMESTAMP WITH TIME ZONE, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    closed_at TIMESTAMP WITH TIME ZONE, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_reservations PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_reservations_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT fk_reservations_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT ck_reservations_owner_type_known CHECK (owner_type in ('order', 'cart')), 
    CONSTRAINT ck_reservations_status_known CHECK (status in ('live', 'consumed', 'released', 'expired')), 
    CONSTRAINT ck_reservations_reserved_not_negative CHECK (reserved_units >= 0), 
    CONSTRAINT ck_reservations_shortfall_in_reserved CHECK (shortfall_units between 0 and reserved_units), 
    CONSTRAINT fk_reservations_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_reservations_company_id_owner_id ON reservations (company_id, owner_id);
CREATE INDEX ix_reservations_expiry ON reservations (expires_at) WHERE status = 'live';
CREATE INDEX ix_reservations_live ON reservations (company_id, location_id, variant_id) WHERE status = 'live';
CREATE INDEX ix_reservations_row_xid ON reservations (row_xid);

CREATE TABLE restock_order_lines (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    restock_order_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    line_number INTEGER NOT NULL, 
    ordered_units INTEGER NOT NULL, 
    received_units INTEGER DEFAULT 0 NOT NULL, 
    unit_cost_amount NUMERIC(18, 6) NOT NULL, 
    line_amount NUMERIC(14, 2) NOT NULL, 
    proposal_id UUID, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_restock_order_lines PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_restock_order_lines_company_id_restock_order_id FOREIGN KEY(company_id, restock_order_id) REFERENCES restock_orders (company_id, id), 
    CONSTRAINT fk_restock_order_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT uq_restock_order_lines_company_id_restock_order_id_line_number UNIQUE (company_id, restock_order_id, line_number), 
    CONSTRAINT ck_restock_order_lines_ordered_positive CHECK (ordered_units > 0), 
    CONSTRAINT ck_restock_order_lines_received_not_negative CHECK (received_units >= 0), 
    CONSTRAINT fk_restock_order_lines_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_restock_order_lines_company_id_restock_order_id ON restock_order_lines (company_id, restock_order_id);
CREATE INDEX ix_restock_order_lines_company_id_variant_id ON restock_order_lines (company_id, variant_id);
CREATE INDEX ix_restock_order_lines_row_xid ON restock_order_lines (row_xid);

CREATE TABLE stock_ledger (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    location_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    delta_units INTEGER NOT NULL, 
    reason TEXT NOT NULL, 
    reference_type TEXT, 
    reference_id UUID, 
    unit_cost_amount NUMERIC(18, 6), 
    note TEXT, 
    is_assumed BOOLEAN DEFAULT false NOT NULL, 
    actor_user_id UUID, 
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_stock_ledger PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_stock_ledger_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT fk_stock_ledger_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT ck_stock_ledger_reason_known CHECK (reason in ('opening', 'sale', 'receipt', 'return', 'adjustment', 'write_off', 'transfer_out', 'transfer_in', 'count')), 
    CONSTRAINT ck_stock_ledger_delta_not_zero CHECK (delta_units <> 0), 
    CONSTRAINT fk_stock_ledger_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_stock_ledger_company_id_location_id_variant_id_occurred_at ON stock_ledger (company_id, location_id, variant_id, occurred_at);
CREATE INDEX ix_stock_ledger_row_xid ON stock_ledger (row_xid);

CREATE TABLE stock_levels (
    company_id UUID NOT NULL, 
    location_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    on_hand_units INTEGER DEFAULT 0 NOT NULL, 
    reserved_units INTEGER DEFAULT 0 NOT NULL, 
    available_units INTEGER GENERATED ALWAYS AS (on_hand_units - reserved_units) STORED, 
    low_stock_threshold_units INTEGER DEFAULT 10 NOT NULL, 
    allow_backorder BOOLEAN DEFAULT false NOT NULL, 
    stock_status TEXT GENERATED ALWAYS AS (case when on_hand_units - reserved_units <= 0 then 'out_of_stock' when on_hand_units - reserved_units <= low_stock_threshold_units then 'low_stock' else 'in_stock' end) STORED, 
    last_restocked_at TIMESTAMP WITH TIME ZONE, 
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    CONSTRAINT pk_stock_levels PRIMARY KEY (company_id, location_id, variant_id), 
    CONSTRAINT fk_stock_levels_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id), 
    CONSTRAINT fk_stock_levels_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT ck_stock_levels_on_hand_not_negative CHECK (on_hand_units >= 0), 
    CONSTRAINT ck_stock_levels_reserved_not_negative CHECK (reserved_units >= 0), 
    CONSTRAINT ck_stock_levels_available_not_negative CHECK (allow_backorder or reserved_units <= on_hand_units), 
    CONSTRAINT ck_stock_levels_threshold_not_negative CHECK (low_stock_threshold_units >= 0), 
    CONSTRAINT fk_stock_levels_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);


CREATE TABLE order_return_lines (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    order_return_id UUID NOT NULL, 
    order_line_id UUID, 
    variant_id UUID NOT NULL, 
    quantity_units INTEGER NOT NULL, 
    unit_price_amount NUMERIC(18, 6) NOT NULL, 
    refund_amount NUMERIC(14, 2) NOT NULL, 
    disposition TEXT DEFAULT 'unknown' NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_order_return_lines PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_order_return_lines_company_id_order_return_id FOREIGN KEY(company_id, order_return_id) REFERENCES order_returns (company_id, id), 
    CONSTRAINT fk_order_return_lines_company_id_order_line_id FOREIGN KEY(company_id, order_line_id) REFERENCES order_lines (company_id, id), 
    CONSTRAINT fk_order_return_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT ck_order_return_lines_disposition_known CHECK (disposition in ('restocked', 'written_off', 'unknown')), 
    CONSTRAINT ck_order_return_lines_quantity_positive CHECK (quantity_units > 0), 
    CONSTRAINT fk_order_return_lines_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_order_return_lines_company_id_order_line_id ON order_return_lines (company_id, order_line_id);
CREATE INDEX ix_order_return_lines_company_id_order_return_id ON order_return_lines (company_id, order_return_id);
CREATE INDEX ix_order_return_lines_company_id_variant_id ON order_return_lines (company_id, variant_id);
CREATE INDEX ix_order_return_lines_row_xid ON order_return_lines (row_xid);

CREATE TABLE product_supplier_history (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    product_supplier_id UUID NOT NULL, 
    unit_cost_amount NUMERIC(18, 6) NOT NULL, 
    currency CHAR(3) NOT NULL, 
    price_breaks JSONB DEFAULT '[]'::jsonb NOT NULL, 
    moq_units INTEGER NOT NULL, 
    pack_units INTEGER NOT NULL, 
    lead_time_days INTEGER, 
    is_preferred BOOLEAN DEFAULT false NOT NULL, 
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_product_supplier_history PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_product_supplier_history_company_id_product_supplier_id FOREIGN KEY(company_id, product_supplier_id) REFERENCES product_suppliers (company_id, id), 
    CONSTRAINT fk_product_supplier_history_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_product_supplier_history_company_id_product_supplier_id ON product_supplier_history (company_id, product_supplier_id);
CREATE INDEX ix_product_supplier_history_row_xid ON product_supplier_history (row_xid);

CREATE TABLE receipt_lines (
    company_id UUID NOT NULL, 
    id UUID DEFAULT uuidv7() NOT NULL, 
    receipt_id UUID NOT NULL, 
    restock_order_line_id UUID NOT NULL, 
    variant_id UUID NOT NULL, 
    received_units INTEGER NOT NULL, 
    unit_cost_amount NUMERIC(18, 6) NOT NULL, 
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
    CONSTRAINT pk_receipt_lines PRIMARY KEY (company_id, id), 
    CONSTRAINT fk_receipt_lines_company_id_receipt_id FOREIGN KEY(company_id, receipt_id) REFERENCES receipts (company_id, id), 
    CONSTRAINT fk_receipt_lines_company_id_restock_order_line_id FOREIGN KEY(company_id, restock_order_line_id) REFERENCES restock_order_lines (company_id, id), 
    CONSTRAINT fk_receipt_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id), 
    CONSTRAINT ck_receipt_lines_received_positive CHECK (received_units > 0), 
    CONSTRAINT fk_receipt_lines_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);

CREATE INDEX ix_receipt_lines_company_id_receipt_id ON receipt_lines (company_id, receipt_id);
CREATE INDEX ix_receipt_lines_company_id_restock_order_line_id ON receipt_lines (company_id, restock_order_line_id);
CREATE INDEX ix_receipt_lines_company_id_variant_id ON receipt_lines (company_id, variant_id);
CREATE INDEX ix_receipt_lines_row_xid ON receipt_lines (row_xid);
