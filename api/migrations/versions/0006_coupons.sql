-- Coupons and their redemptions; checkouts; how a company allocates orders over its locations.

alter table companies add column allocation_strategy text default 'priority' not null;
alter table companies add constraint ck_companies_allocation_strategy_known
check (allocation_strategy in ('priority', 'nearest', 'most_stock'));

CREATE TABLE coupon_campaigns (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    shop_id UUID,
    name TEXT NOT NULL,
    description TEXT,
    total_limit INTEGER,
    per_user_limit INTEGER,
    used_count INTEGER DEFAULT 0 NOT NULL,
    created_by UUID,
    archived_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_coupon_campaigns PRIMARY KEY (company_id, id),
    CONSTRAINT fk_coupon_campaigns_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
    CONSTRAINT uq_coupon_campaigns_company_id_name UNIQUE (company_id, name),
    CONSTRAINT ck_coupon_campaigns_limits_positive CHECK (total_limit > 0 and per_user_limit > 0),
    CONSTRAINT ck_coupon_campaigns_used_within_limit CHECK (used_count >= 0 and used_count <= total_limit),
    CONSTRAINT fk_coupon_campaigns_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_coupon_campaigns_company_id_shop_id ON coupon_campaigns (company_id, shop_id);
CREATE INDEX ix_coupon_campaigns_row_xid ON coupon_campaigns (row_xid);

CREATE TABLE coupons (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    shop_id UUID,
    campaign_id UUID,
    code TEXT NOT NULL,
    description TEXT,
    kind TEXT NOT NULL,
    value NUMERIC(14, 2) NOT NULL,
    minimum_purchase_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    maximum_discount_amount NUMERIC(14, 2),
    is_stackable BOOLEAN DEFAULT false NOT NULL,
    is_for_new_users_only BOOLEAN DEFAULT false NOT NULL,
    total_limit INTEGER,
    per_user_limit INTEGER,
    used_count INTEGER DEFAULT 0 NOT NULL,
    valid_from_date DATE,
    valid_until_date DATE,
    is_active BOOLEAN DEFAULT true NOT NULL,
    created_by UUID,
    archived_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_coupons PRIMARY KEY (company_id, id),
    CONSTRAINT fk_coupons_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
    CONSTRAINT fk_coupons_company_id_campaign_id FOREIGN KEY(company_id, campaign_id) REFERENCES coupon_campaigns (company_id, id),
    CONSTRAINT uq_coupons_company_id_code UNIQUE (company_id, code),
    CONSTRAINT ck_coupons_kind_known CHECK (kind in ('percentage', 'fixed', 'free_shipping')),
    CONSTRAINT ck_coupons_code_upper CHECK (code = upper(code)),
    CONSTRAINT ck_coupons_value_fits_kind CHECK (case kind when 'percentage' then value > 0 and value <= 100 when 'fixed' then value > 0 else value = 0 end),
    CONSTRAINT ck_coupons_amounts_positive CHECK (minimum_purchase_amount >= 0 and (maximum_discount_amount is null or maximum_discount_amount > 0)),
    CONSTRAINT ck_coupons_limits_positive CHECK (total_limit > 0 and per_user_limit > 0),
    CONSTRAINT ck_coupons_used_within_limit CHECK (used_count >= 0 and used_count <= total_limit),
    CONSTRAINT ck_coupons_valid_in_order CHECK (valid_from_date <= valid_until_date),
    CONSTRAINT fk_coupons_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_coupons_company_id_campaign_id ON coupons (company_id, campaign_id);
CREATE INDEX ix_coupons_company_id_is_active_valid_from_date_valid_u_14de ON coupons (company_id, is_active, valid_from_date, valid_until_date);
CREATE INDEX ix_coupons_company_id_shop_id ON coupons (company_id, shop_id);
CREATE INDEX ix_coupons_row_xid ON coupons (row_xid);

CREATE TABLE coupon_products (
    company_id UUID NOT NULL,
    coupon_id UUID NOT NULL,
    product_id UUID NOT NULL,
    CONSTRAINT pk_coupon_products PRIMARY KEY (company_id, coupon_id, product_id),
    CONSTRAINT fk_coupon_products_company_id_coupon_id FOREIGN KEY(company_id, coupon_id) REFERENCES coupons (company_id, id),
    CONSTRAINT fk_coupon_products_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id)
);
CREATE INDEX ix_coupon_products_company_id_product_id ON coupon_products (company_id, product_id);

CREATE TABLE coupon_categories (
    company_id UUID NOT NULL,
    coupon_id UUID NOT NULL,
    category_id UUID NOT NULL,
    CONSTRAINT pk_coupon_categories PRIMARY KEY (company_id, coupon_id, category_id),
    CONSTRAINT fk_coupon_categories_company_id_coupon_id FOREIGN KEY(company_id, coupon_id) REFERENCES coupons (company_id, id),
    CONSTRAINT fk_coupon_categories_company_id_category_id FOREIGN KEY(company_id, category_id) REFERENCES categories (company_id, id)
);
CREATE INDEX ix_coupon_categories_company_id_category_id ON coupon_categories (company_id, category_id);

CREATE TABLE coupon_customers (
    company_id UUID NOT NULL,
    coupon_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    CONSTRAINT pk_coupon_customers PRIMARY KEY (company_id, coupon_id, customer_id),
    CONSTRAINT fk_coupon_customers_company_id_coupon_id FOREIGN KEY(company_id, coupon_id) REFERENCES coupons (company_id, id),
    CONSTRAINT fk_coupon_customers_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id)
);
CREATE INDEX ix_coupon_customers_company_id_customer_id ON coupon_customers (company_id, customer_id);

CREATE TABLE coupon_redemptions (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    coupon_id UUID NOT NULL,
    campaign_id UUID,
    checkout_id UUID,
    customer_id UUID,
    buyer_mailbox TEXT,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    discount_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    shipping_discount_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    given_back_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_coupon_redemptions PRIMARY KEY (company_id, id),
    CONSTRAINT fk_coupon_redemptions_company_id_coupon_id FOREIGN KEY(company_id, coupon_id) REFERENCES coupons (company_id, id),
    CONSTRAINT fk_coupon_redemptions_company_id_campaign_id FOREIGN KEY(company_id, campaign_id) REFERENCES coupon_campaigns (company_id, id),
    CONSTRAINT fk_coupon_redemptions_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT ck_coupon_redemptions_kind_known CHECK (kind in ('percentage', 'fixed', 'free_shipping'))
);
CREATE INDEX ix_coupon_redemptions_company_id_buyer_mailbox ON coupon_redemptions (company_id, buyer_mailbox);
CREATE INDEX ix_coupon_redemptions_company_id_campaign_id ON coupon_redemptions (company_id, campaign_id);
CREATE INDEX ix_coupon_redemptions_company_id_coupon_id ON coupon_redemptions (company_id, coupon_id);
CREATE INDEX ix_coupon_redemptions_company_id_customer_id ON coupon_redemptions (company_id, customer_id);
CREATE INDEX ix_coupon_redemptions_row_xid ON coupon_redemptions (row_xid);

CREATE TABLE coupon_redemption_orders (
    company_id UUID NOT NULL,
    redemption_id UUID NOT NULL,
    order_id UUID NOT NULL,
    discount_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    given_back_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_coupon_redemption_orders PRIMARY KEY (company_id, redemption_id, order_id),
    CONSTRAINT fk_coupon_redemption_orders_company_id_redemption_id FOREIGN KEY(company_id, redemption_id) REFERENCES coupon_redemptions (company_id, id),
    CONSTRAINT fk_coupon_redemption_orders_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id)
);
CREATE INDEX ix_coupon_redemption_orders_company_id_order_id ON coupon_redemption_orders (company_id, order_id);
CREATE INDEX ix_coupon_redemption_orders_row_xid ON coupon_redemption_orders (row_xid);

CREATE TABLE checkouts (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    cart_id UUID NOT NULL,
    customer_id UUID,
    session_sha256 BYTEA,
    email TEXT,
    placed_by_user_id UUID,
    currency CHAR(3) NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    quote JSONB DEFAULT '{}'::jsonb NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_checkouts PRIMARY KEY (company_id, id),
    CONSTRAINT fk_checkouts_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT uq_checkouts_company_id_cart_id UNIQUE (company_id, cart_id),
    CONSTRAINT ck_checkouts_amount_not_negative CHECK (amount >= 0),
    CONSTRAINT fk_checkouts_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_checkouts_company_id_customer_id ON checkouts (company_id, customer_id);
CREATE INDEX ix_checkouts_row_xid ON checkouts (row_xid);

call secure_table('coupon_campaigns');
call secure_table('coupons');
call secure_table('coupon_products');
call secure_table('coupon_categories');
call secure_table('coupon_customers');
call secure_table('coupon_redemptions');
call secure_table('coupon_redemption_orders');
call secure_table('checkouts');

-- Kilometres between two places on a round earth (haversine); null where one is not known.
create function distance_km(
    from_latitude double precision, from_longitude double precision,
    to_latitude double precision, to_longitude double precision
) returns double precision language sql immutable parallel safe
return 12742 * asin(least(1, sqrt(
    power(sin(radians(to_latitude - from_latitude) / 2), 2)
    + cos(radians(from_latitude)) * cos(radians(to_latitude))
    * power(sin(radians(to_longitude - from_longitude) / 2), 2)
)));

revoke execute on function distance_km(double precision, double precision, double precision, double precision)
from public;
grant execute on function distance_km(double precision, double precision, double precision, double precision)
to stockwise_app;

-- One mailbox is one buyer: lower case, no +tag, no dots at Gmail.
create function mailbox_of(email text) returns text language sql immutable strict parallel safe
return (
    with written as (
        select
            regexp_replace(lower(btrim(email)), '@[^@]*$', '') as name,
            substring(lower(btrim(email)) from '[^@]*$') as domain
    ),
    untagged as (
        select coalesce(nullif(split_part(name, '+', 1), ''), name) as name, domain from written
    )
    select case
        when domain in ('gmail.com', 'googlemail.com') then replace(name, '.', '') || '@gmail.com'
        else name || '@' || domain
    end
    from untagged
);

revoke execute on function mailbox_of(text) from public;
grant execute on function mailbox_of(text) to stockwise_app;

-- Whether a guest has ordered before; customers are found by their id.
create index ix_orders_guest_mailbox on orders (company_id, mailbox_of(email)) where customer_id is null;
