-- Shipping methods, zones and rates; tax rates by category and region; reviews.
CREATE TABLE carriers (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	code TEXT NOT NULL,
	name TEXT NOT NULL,
	tracking_url_template TEXT,
	is_active BOOLEAN DEFAULT true NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT pk_carriers PRIMARY KEY (company_id, id),
	CONSTRAINT ck_carriers_template_names_the_number CHECK (tracking_url_template like '%{tracking_number}%'),
	CONSTRAINT fk_carriers_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_carriers_row_xid ON carriers (row_xid);
CREATE UNIQUE INDEX uq_carriers_live_code ON carriers (company_id, code) NULLS NOT DISTINCT WHERE archived_at is null;

CREATE TABLE shipping_methods (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	shop_id UUID,
	carrier_id UUID,
	code TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT,
	rate_basis TEXT DEFAULT 'weight' NOT NULL,
	base_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
	free_from_amount NUMERIC(14, 2),
	can_be_free BOOLEAN DEFAULT true NOT NULL,
	shipping_classes JSONB DEFAULT '["standard", "express", "overnight"]'::jsonb NOT NULL,
	estimated_days_min INTEGER NOT NULL,
	estimated_days_max INTEGER NOT NULL,
	display_order INTEGER DEFAULT 0 NOT NULL,
	is_active BOOLEAN DEFAULT true NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT pk_shipping_methods PRIMARY KEY (company_id, id),
	CONSTRAINT fk_shipping_methods_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
	CONSTRAINT fk_shipping_methods_company_id_carrier_id FOREIGN KEY(company_id, carrier_id) REFERENCES carriers (company_id, id),
	CONSTRAINT ck_shipping_methods_rate_basis_known CHECK (rate_basis in ('weight', 'goods_value')),
	CONSTRAINT ck_shipping_methods_base_not_negative CHECK (base_amount >= 0),
	CONSTRAINT ck_shipping_methods_free_from_not_negative CHECK (free_from_amount >= 0),
	CONSTRAINT ck_shipping_methods_days_in_order CHECK (0 <= estimated_days_min and estimated_days_min <= estimated_days_max),
	CONSTRAINT fk_shipping_methods_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_shipping_methods_company_id_carrier_id ON shipping_methods (company_id, carrier_id);
CREATE INDEX ix_shipping_methods_company_id_shop_id ON shipping_methods (company_id, shop_id);
CREATE INDEX ix_shipping_methods_row_xid ON shipping_methods (row_xid);
CREATE UNIQUE INDEX uq_shipping_methods_live_code ON shipping_methods (company_id, shop_id, code) NULLS NOT DISTINCT WHERE archived_at is null;

CREATE TABLE shipping_zones (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	shop_id UUID,
	name TEXT NOT NULL,
	priority INTEGER DEFAULT 0 NOT NULL,
	is_active BOOLEAN DEFAULT true NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_shipping_zones PRIMARY KEY (company_id, id),
	CONSTRAINT fk_shipping_zones_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
	CONSTRAINT fk_shipping_zones_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_shipping_zones_company_id_shop_id ON shipping_zones (company_id, shop_id);
CREATE UNIQUE INDEX uq_shipping_zones_live_name ON shipping_zones (company_id, shop_id, name) NULLS NOT DISTINCT WHERE archived_at is null;

CREATE TABLE shipping_zone_areas (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	zone_id UUID NOT NULL,
	position INTEGER NOT NULL,
	country TEXT,
	region TEXT,
	postal_prefix TEXT,
	postal_from TEXT,
	postal_to TEXT,
	fixed_characters INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_shipping_zone_areas PRIMARY KEY (company_id, id),
	CONSTRAINT fk_shipping_zone_areas_company_id_zone_id FOREIGN KEY(company_id, zone_id) REFERENCES shipping_zones (company_id, id),
	CONSTRAINT uq_shipping_zone_areas_company_id_zone_id_position UNIQUE (company_id, zone_id, position),
	CONSTRAINT ck_shipping_zone_areas_parts_need_a_country CHECK (country is not null or (region is null and postal_prefix is null and postal_from is null)),
	CONSTRAINT ck_shipping_zone_areas_prefix_or_range CHECK (postal_prefix is null or postal_from is null),
	CONSTRAINT ck_shipping_zone_areas_range_has_two_ends CHECK ((postal_from is null) = (postal_to is null)),
	CONSTRAINT ck_shipping_zone_areas_range_in_order CHECK (length(postal_from) = length(postal_to) and postal_from <= postal_to collate "C")
);
CREATE INDEX ix_shipping_zone_areas_company_id_country_postal_prefix ON shipping_zone_areas (company_id, country, postal_prefix);
CREATE INDEX ix_shipping_zone_areas_company_id_country_ranges ON shipping_zone_areas (company_id, country) WHERE postal_from is not null;
CREATE INDEX ix_shipping_zone_areas_company_id_zone_id ON shipping_zone_areas (company_id, zone_id);

CREATE TABLE shipping_tariffs (
	company_id UUID NOT NULL,
	method_id UUID NOT NULL,
	zone_id UUID NOT NULL,
	free_from_amount NUMERIC(14, 2),
	estimated_days_min INTEGER,
	estimated_days_max INTEGER,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_shipping_tariffs PRIMARY KEY (company_id, method_id, zone_id),
	CONSTRAINT fk_shipping_tariffs_company_id_method_id FOREIGN KEY(company_id, method_id) REFERENCES shipping_methods (company_id, id),
	CONSTRAINT fk_shipping_tariffs_company_id_zone_id FOREIGN KEY(company_id, zone_id) REFERENCES shipping_zones (company_id, id),
	CONSTRAINT ck_shipping_tariffs_free_from_not_negative CHECK (free_from_amount >= 0),
	CONSTRAINT ck_shipping_tariffs_days_in_order CHECK ((estimated_days_min is null) = (estimated_days_max is null) and 0 <= estimated_days_min and estimated_days_min <= estimated_days_max)
);
CREATE INDEX ix_shipping_tariffs_company_id_zone_id ON shipping_tariffs (company_id, zone_id);

CREATE TABLE shipping_bands (
	company_id UUID NOT NULL,
	method_id UUID NOT NULL,
	zone_id UUID NOT NULL,
	from_bound NUMERIC(14, 3) NOT NULL,
	amount NUMERIC(14, 2),
	CONSTRAINT pk_shipping_bands PRIMARY KEY (company_id, method_id, zone_id, from_bound),
	CONSTRAINT fk_shipping_bands_company_id_method_id_zone_id FOREIGN KEY(company_id, method_id, zone_id) REFERENCES shipping_tariffs (company_id, method_id, zone_id) ON DELETE CASCADE,
	CONSTRAINT ck_shipping_bands_bound_not_negative CHECK (from_bound >= 0),
	CONSTRAINT ck_shipping_bands_amount_not_negative CHECK (amount >= 0)
);

CREATE TABLE tax_rates (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	name TEXT NOT NULL,
	country TEXT,
	region TEXT,
	category_id UUID,
	rate NUMERIC(9, 6) NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	valid_until TIMESTAMP WITH TIME ZONE,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT pk_tax_rates PRIMARY KEY (company_id, id),
	CONSTRAINT fk_tax_rates_company_id_category_id FOREIGN KEY(company_id, category_id) REFERENCES categories (company_id, id),
	CONSTRAINT ck_tax_rates_rate_range CHECK (rate >= 0 and rate < 1),
	CONSTRAINT ck_tax_rates_region_needs_a_country CHECK (country is not null or region is null),
	CONSTRAINT ck_tax_rates_period_in_order CHECK (valid_from < valid_until),
	CONSTRAINT fk_tax_rates_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_tax_rates_company_id_category_id ON tax_rates (company_id, category_id);
CREATE INDEX ix_tax_rates_row_xid ON tax_rates (row_xid);
CREATE UNIQUE INDEX uq_tax_rates_live_from ON tax_rates (company_id, country, region, category_id, valid_from) NULLS NOT DISTINCT WHERE archived_at is null;

CREATE TABLE reviews (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	product_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	order_id UUID,
	author_name TEXT DEFAULT '' NOT NULL,
	author_avatar_url TEXT,
	rating SMALLINT NOT NULL,
	title TEXT,
	comment TEXT,
	pros JSONB DEFAULT '[]'::jsonb NOT NULL,
	cons JSONB DEFAULT '[]'::jsonb NOT NULL,
	images JSONB DEFAULT '[]'::jsonb NOT NULL,
	is_verified_purchase BOOLEAN DEFAULT false NOT NULL,
	status TEXT DEFAULT 'pending' NOT NULL,
	revision INTEGER DEFAULT 1 NOT NULL,
	moderation_note TEXT,
	moderated_by UUID,
	moderated_at TIMESTAMP WITH TIME ZONE,
	helpful_count INTEGER DEFAULT 0 NOT NULL,
	report_count INTEGER DEFAULT 0 NOT NULL,
	reply_text TEXT,
	replied_by UUID,
	replied_at TIMESTAMP WITH TIME ZONE,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT pk_reviews PRIMARY KEY (company_id, id),
	CONSTRAINT fk_reviews_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
	CONSTRAINT fk_reviews_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
	CONSTRAINT fk_reviews_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id),
	CONSTRAINT ck_reviews_status_known CHECK (status in ('pending', 'approved', 'rejected')),
	CONSTRAINT ck_reviews_rating_range CHECK (rating between 1 and 5),
	CONSTRAINT ck_reviews_counts_not_negative CHECK (helpful_count >= 0 and report_count >= 0),
	CONSTRAINT ck_reviews_verified_by_an_order CHECK (is_verified_purchase = (order_id is not null)),
	CONSTRAINT ck_reviews_reply_has_a_time CHECK ((reply_text is null) = (replied_at is null))
);
CREATE INDEX ix_reviews_company_id_customer_id ON reviews (company_id, customer_id);
CREATE INDEX ix_reviews_company_id_is_verified_purchase ON reviews (company_id, is_verified_purchase);
CREATE INDEX ix_reviews_company_id_order_id ON reviews (company_id, order_id);
CREATE INDEX ix_reviews_company_id_product_id_created_at ON reviews (company_id, product_id, created_at desc);
CREATE INDEX ix_reviews_company_id_product_id_helpful ON reviews (company_id, product_id, helpful_count desc);
CREATE INDEX ix_reviews_company_id_product_id_rating ON reviews (company_id, product_id, rating);
CREATE INDEX ix_reviews_company_id_status_created_at ON reviews (company_id, status, created_at desc);
CREATE INDEX ix_reviews_row_xid ON reviews (row_xid);
CREATE UNIQUE INDEX uq_reviews_company_id_customer_id_product_id ON reviews (company_id, customer_id, product_id) WHERE archived_at is null;

CREATE TABLE review_votes (
	company_id UUID NOT NULL,
	review_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_review_votes PRIMARY KEY (company_id, review_id, customer_id),
	CONSTRAINT fk_review_votes_company_id_review_id FOREIGN KEY(company_id, review_id) REFERENCES reviews (company_id, id),
	CONSTRAINT fk_review_votes_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id)
);
CREATE INDEX ix_review_votes_company_id_customer_id ON review_votes (company_id, customer_id);

CREATE TABLE review_reports (
	company_id UUID NOT NULL,
	review_id UUID NOT NULL,
	customer_id UUID NOT NULL,
	reason TEXT NOT NULL,
	comment TEXT,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_review_reports PRIMARY KEY (company_id, review_id, customer_id),
	CONSTRAINT fk_review_reports_company_id_review_id FOREIGN KEY(company_id, review_id) REFERENCES reviews (company_id, id),
	CONSTRAINT fk_review_reports_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
	CONSTRAINT ck_review_reports_reason_known CHECK (reason in ('spam', 'offensive', 'off_topic', 'fake', 'personal_data', 'other'))
);
CREATE INDEX ix_review_reports_company_id_customer_id ON review_reports (company_id, customer_id);

CREATE TABLE product_ratings (
	company_id UUID NOT NULL,
	product_id UUID NOT NULL,
	one_star_count INTEGER DEFAULT 0 NOT NULL,
	two_star_count INTEGER DEFAULT 0 NOT NULL,
	three_star_count INTEGER DEFAULT 0 NOT NULL,
	four_star_count INTEGER DEFAULT 0 NOT NULL,
	five_star_count INTEGER DEFAULT 0 NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_product_ratings PRIMARY KEY (company_id, product_id),
	CONSTRAINT fk_product_ratings_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
	CONSTRAINT ck_product_ratings_counts_not_negative CHECK (least(one_star_count, two_star_count, three_star_count, four_star_count, five_star_count) >= 0)
);

call secure_table('carriers');
call secure_table('shipping_methods');
call secure_table('shipping_zones');
call secure_table('shipping_zone_areas');
call secure_table('shipping_tariffs');
call secure_table('shipping_bands');
call secure_table('tax_rates');
call secure_table('reviews');
call secure_table('review_votes');
call secure_table('review_reports');
call secure_table('product_ratings');

-- The one rule by which a category's tax rate is found. A rate of the category beats one of the categories
-- above it, the nearest first, and these beat rates of no category; of equally near ones the region's beats
-- the country's, and that one the rate of everywhere; without any, the company's own holds.
-- `p_country` and `p_region` are spelled as `api.places` does. plpgsql keeps its plan from call to call.
create function tax_rate_for(
    p_company_id uuid, p_category_id uuid, p_country text, p_region text, p_at timestamptz
) returns numeric language plpgsql stable as $$
declare
    found_rate numeric;
begin
    with recursive lineage as (
        select categories.id, categories.parent_id, 0 as distance
        from categories
        where categories.company_id = p_company_id and categories.id = p_category_id
        union all
        select parent.id, parent.parent_id, lineage.distance + 1
        from lineage
        inner join categories as parent on parent.company_id = p_company_id and parent.id = lineage.parent_id
        where lineage.distance < 50
    )

    select tax_rates.rate into found_rate
    from tax_rates
    left join lineage on lineage.id = tax_rates.category_id
    where tax_rates.company_id = p_company_id
    and tax_rates.archived_at is null
    and tax_rates.valid_from <= p_at
    and (tax_rates.valid_until is null or tax_rates.valid_until > p_at)
    and (tax_rates.country is null or tax_rates.country = p_country)
    and (tax_rates.region is null or tax_rates.region = p_region)
    and (tax_rates.category_id is null or lineage.id is not null)
    order by lineage.distance nulls last, tax_rates.region nulls last, tax_rates.country nulls last
    limit 1;
    if not found then
        select companies.tax_rate into found_rate from companies where companies.id = p_company_id;
    end if;
    return found_rate;
end $$;

revoke execute on function tax_rate_for(uuid, uuid, text, text, timestamptz) from public;
grant execute on function tax_rate_for(uuid, uuid, text, text, timestamptz) to stockwise_app;
