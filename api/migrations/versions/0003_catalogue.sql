-- The catalogue in full: category paths and counts, scheduled prices, size charts, tags, banners; media.

-- Columns and rules of the tables that exist -------------------------------------------------------------
alter table categories add column path text not null default '';
alter table products add column subcategory text;

with recursive tree as (
    select company_id, id, id || '/' as path, 0 as level from categories where parent_id is null
    union all
    select child.company_id, child.id, tree.path || child.id || '/', tree.level + 1
    from categories as child
    inner join tree on child.company_id = tree.company_id and child.parent_id = tree.id
)
update categories set path = tree.path, level = tree.level
from tree
where categories.company_id = tree.company_id and categories.id = tree.id;

update categories set product_count = counted.products
from (
    select company_id, category_id, count(*) as products from products
    where status = 'published' and is_active and archived_at is null
    group by company_id, category_id
) as counted
where categories.company_id = counted.company_id and categories.id = counted.category_id;

-- The first image becomes the primary one where none, or more than one, was.
update products set images = (
    select jsonb_agg(image || jsonb_build_object('is_primary', position = 1) order by position)
    from jsonb_array_elements(images) with ordinality as image (image, position)
)
where jsonb_array_length(images) > 0
and jsonb_array_length(jsonb_path_query_array(images, '$[*] ? (@.is_primary == true)')) <> 1;

alter table categories add constraint ck_categories_level_limited check (level between 0 and 9);
alter table products add constraint ck_products_one_primary_image check (
    jsonb_array_length(jsonb_path_query_array(images, '$[*] ? (@.is_primary == true)'))
    = least(jsonb_array_length(images), 1)
);
CREATE INDEX ix_categories_display_order ON categories (company_id, level, display_order);
CREATE INDEX ix_categories_path ON categories (company_id, path text_pattern_ops);
CREATE INDEX ix_products_company_id_name ON products (company_id, name);
CREATE INDEX ix_products_company_id_price_amount ON products (company_id, price_amount);
CREATE INDEX ix_products_company_id_rating_average ON products (company_id, rating_average desc);
CREATE INDEX ix_products_company_id_seller_user_id ON products (company_id, seller_user_id);
CREATE INDEX ix_products_featured ON products (company_id, created_at) WHERE is_featured;
CREATE INDEX ix_products_specifications ON products USING gin (specifications jsonb_path_ops);
CREATE INDEX ix_products_tags ON products USING gin (tags);
CREATE UNIQUE INDEX uq_variants_options ON variants (company_id, product_id, md5(options::text)) WHERE archived_at is null and options <> '{}'::jsonb;

CREATE TABLE price_schedules (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	product_id UUID NOT NULL,
	price_amount NUMERIC(18, 6),
	sale_price_amount NUMERIC(18, 6),
	starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE,
	note TEXT,
	cancelled_at TIMESTAMP WITH TIME ZONE,
	created_by UUID,
	start_recorded_at TIMESTAMP WITH TIME ZONE,
	end_recorded_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
	CONSTRAINT pk_price_schedules PRIMARY KEY (company_id, id),
	CONSTRAINT fk_price_schedules_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
	CONSTRAINT ck_price_schedules_a_price CHECK (price_amount is not null or sale_price_amount is not null),
	CONSTRAINT ck_price_schedules_not_negative CHECK (price_amount >= 0 and sale_price_amount >= 0),
	CONSTRAINT ck_price_schedules_sale_below_price CHECK (sale_price_amount < price_amount),
	CONSTRAINT ck_price_schedules_starts_before_end CHECK (starts_at < ends_at)
);
CREATE INDEX ix_price_schedules_end_due ON price_schedules (ends_at) WHERE end_recorded_at is null and cancelled_at is null;
CREATE INDEX ix_price_schedules_product_id ON price_schedules (company_id, product_id, starts_at);
CREATE INDEX ix_price_schedules_row_xid ON price_schedules (row_xid);
CREATE INDEX ix_price_schedules_start_due ON price_schedules (starts_at) WHERE start_recorded_at is null and cancelled_at is null;

CREATE TABLE size_charts (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	category_id UUID,
	name TEXT NOT NULL,
	gender TEXT DEFAULT 'unisex' NOT NULL,
	image_cm_url TEXT,
	image_inch_url TEXT,
	measurements JSONB DEFAULT '{}'::jsonb NOT NULL,
	is_active BOOLEAN DEFAULT true NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_size_charts PRIMARY KEY (company_id, id),
	CONSTRAINT fk_size_charts_company_id_category_id FOREIGN KEY(company_id, category_id) REFERENCES categories (company_id, id),
	CONSTRAINT ck_size_charts_gender_known CHECK (gender in ('male', 'female', 'unisex')),
	CONSTRAINT fk_size_charts_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_size_charts_company_id_category_id ON size_charts (company_id, category_id);
CREATE UNIQUE INDEX uq_size_charts_category_gender ON size_charts (company_id, category_id, gender) NULLS NOT DISTINCT WHERE archived_at is null;

CREATE TABLE tags (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	name TEXT NOT NULL,
	slug TEXT NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_tags PRIMARY KEY (company_id, id),
	CONSTRAINT uq_tags_company_id_slug UNIQUE (company_id, slug),
	CONSTRAINT fk_tags_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE UNIQUE INDEX uq_tags_name ON tags (company_id, lower(name));

CREATE TABLE banners (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	shop_id UUID,
	category_id UUID,
	title TEXT NOT NULL,
	subtitle TEXT,
	image_url TEXT NOT NULL,
	link_url TEXT,
	position TEXT DEFAULT 'home' NOT NULL,
	product_ids JSONB DEFAULT '[]'::jsonb NOT NULL,
	display_order INTEGER DEFAULT 0 NOT NULL,
	is_active BOOLEAN DEFAULT true NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE,
	valid_until TIMESTAMP WITH TIME ZONE,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_banners PRIMARY KEY (company_id, id),
	CONSTRAINT fk_banners_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
	CONSTRAINT fk_banners_company_id_category_id FOREIGN KEY(company_id, category_id) REFERENCES categories (company_id, id),
	CONSTRAINT ck_banners_position_known CHECK (position in ('home', 'collection', 'category', 'product', 'checkout')),
	CONSTRAINT ck_banners_valid_from_before_until CHECK (valid_from < valid_until),
	CONSTRAINT fk_banners_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_banners_company_id_category_id ON banners (company_id, category_id);
CREATE INDEX ix_banners_company_id_shop_id ON banners (company_id, shop_id);
CREATE INDEX ix_banners_position ON banners (company_id, position, display_order) WHERE archived_at is null;

CREATE TABLE media (
	company_id UUID NOT NULL,
	id UUID DEFAULT uuidv7() NOT NULL,
	kind TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	content_type TEXT NOT NULL,
	size_bytes BIGINT NOT NULL,
	width_pixels INTEGER NOT NULL,
	height_pixels INTEGER NOT NULL,
	storage_key TEXT NOT NULL,
	alt TEXT DEFAULT '' NOT NULL,
	uploaded_by UUID,
	customer_id UUID,
	archived_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	CONSTRAINT pk_media PRIMARY KEY (company_id, id),
	CONSTRAINT fk_media_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
	CONSTRAINT ck_media_kind_known CHECK (kind in ('product', 'review', 'category', 'banner', 'avatar', 'logo')),
	CONSTRAINT fk_media_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_media_company_id_customer_id ON media (company_id, customer_id);
CREATE INDEX ix_media_kind ON media (company_id, kind, id desc);
CREATE INDEX ix_media_sha256 ON media (company_id, sha256);

call secure_table('price_schedules');
call secure_table('size_charts');
call secure_table('tags');
call secure_table('banners');
call secure_table('media');

-- The category tree: path and level follow the parent, and no category comes to lie inside itself ---------
create function place_category() returns trigger language plpgsql as $$
declare
    parent record;
begin
    if new.parent_id is null then
        new.path := new.id || '/';
        new.level := 0;
        return new;
    end if;
    if tg_op = 'UPDATE' then
        -- Two moves at once could close a circle that neither of them sees.
        perform pg_advisory_xact_lock(hashtextextended('category tree ' || new.company_id, 0));
    end if;
    select path, level into parent from categories
    where company_id = new.company_id and id = new.parent_id for share;
    if not found then
        raise exception 'no such parent' using errcode = 'foreign_key_violation';
    end if;
    if strpos(parent.path, new.id || '/') > 0 then
        raise exception 'a category can not be inside itself'
            using errcode = 'check_violation', constraint = 'ck_categories_no_circle';
    end if;
    new.path := parent.path || new.id || '/';
    new.level := parent.level + 1;
    return new;
end $$;

create function move_subcategories() returns trigger language plpgsql as $$
begin
    update categories
    set path = new.path || substr(path, length(old.path) + 1), level = level + new.level - old.level
    where company_id = new.company_id and path like old.path || '%' and id <> new.id;
    return null;
end $$;

create trigger place_category before insert or update of parent_id on categories
for each row execute function place_category();
create trigger move_subcategories after update of parent_id on categories
for each row when (old.path is distinct from new.path) execute function move_subcategories();

-- A category counts its own published products. Rows are locked by id, so that no two writers wait in a circle.
create function add_to_product_counts(p_company_id uuid, p_category_ids uuid [], p_units integer []) returns void
language sql as $$
    with changed as (
        select category_id, sum(units)::integer as units
        from unnest(p_category_ids, p_units) as change (category_id, units)
        where category_id is not null group by category_id having sum(units) <> 0
    ),
    locked as materialized (
        select categories.id, changed.units from categories
        inner join changed on categories.id = changed.category_id
        where categories.company_id = p_company_id
        order by categories.id for no key update of categories
    )
    update categories set product_count = categories.product_count + locked.units
    from locked where categories.company_id = p_company_id and categories.id = locked.id
$$;

create function count_new_products() returns trigger language plpgsql as $$
declare
    counted record;
begin
    for counted in
        select company_id, array_agg(category_id) as category_ids, array_agg(products) as products from (
            select company_id, category_id, count(*)::integer as products from new_rows
            where category_id is not null and status = 'published' and is_active and archived_at is null
            group by company_id, category_id
        ) as by_category group by company_id
    loop
        perform add_to_product_counts(counted.company_id, counted.category_ids, counted.products);
    end loop;
    return null;
end $$;

create function count_changed_product() returns trigger language plpgsql as $$
begin
    perform add_to_product_counts(
        new.company_id,
        array[old.category_id, new.category_id],
        array[
            -(old.status = 'published' and old.is_active and old.archived_at is null)::integer,
            (new.status = 'published' and new.is_active and new.archived_at is null)::integer
        ]
    );
    return null;
end $$;

create trigger count_new_products after insert on products referencing new table as new_rows
for each statement execute function count_new_products();
create trigger count_changed_product after update on products for each row
when (
    (old.category_id, old.status, old.is_active, old.archived_at)
    is distinct from (new.category_id, new.status, new.is_active, new.archived_at)
) execute function count_changed_product();

-- Scheduled prices ---------------------------------------------------------------------------------------
-- What a product sells for at an instant, before its variants' modifiers: the newest schedule in force, else its
-- own prices; never above the regular price.
create function product_prices_at(p_company_id uuid, p_product_id uuid, p_at timestamptz)
returns table (regular_price_amount numeric, price_amount numeric) language sql stable as $$
    select
        coalesce(schedule.price_amount, products.price_amount),
        least(
            coalesce(schedule.sale_price_amount, products.sale_price_amount),
            coalesce(schedule.price_amount, products.price_amount)
        )
    from products
    left join lateral (
        select price_amount, sale_price_amount from price_schedules
        where company_id = products.company_id and product_id = products.id and cancelled_at is null
        and starts_at <= p_at and (ends_at is null or ends_at > p_at)
        order by starts_at desc, id desc limit 1
    ) as schedule on true
    where products.company_id = p_company_id and products.id = p_product_id
$$;

-- The same rule for now, in line: this is the path of every order line.
create or replace view variant_terms with (security_invoker = true) as
select
    variants.company_id,
    variants.id as variant_id,
    variants.product_id,
    variants.sku,
    products.name as product_name,
    variants.name as variant_name,
    coalesce(
        variants.image_url,
        jsonb_path_query_first(products.images, '$[*] ? (@.is_primary == true)') ->> 'url'
    ) as image_url,
    least(
        coalesce(schedule.sale_price_amount, products.sale_price_amount),
        coalesce(schedule.price_amount, products.price_amount)
    ) + variants.price_modifier_amount as unit_price_amount,
    coalesce(schedule.price_amount, products.price_amount) + variants.price_modifier_amount as regular_price_amount,
    coalesce(variants.cost_amount, products.cost_amount) as unit_cost_amount,
    products.is_assumed,
    products.shop_id,
    (
        products.status = 'published' and products.is_active and products.archived_at is null
        and variants.is_active and variants.archived_at is null
    ) as is_sellable
from variants
inner join products on variants.company_id = products.company_id and variants.product_id = products.id
left join lateral (
    select price_schedules.price_amount, price_schedules.sale_price_amount from price_schedules
    where price_schedules.company_id = products.company_id and price_schedules.product_id = products.id
    and price_schedules.cancelled_at is null and price_schedules.starts_at <= now()
    and (price_schedules.ends_at is null or price_schedules.ends_at > now())
    order by price_schedules.starts_at desc, price_schedules.id desc limit 1
) as schedule on true;

-- Writes the starts and ends of schedules that have come into the history of prices, each at its own instant:
-- by the worker, and before anything that changes what those instants' prices were.
create function record_due_schedules(p_company_id uuid, p_product_id uuid, p_at timestamptz) returns integer
language plpgsql as $$
declare
    boundary record;
    recorded integer := 0;
begin
    for boundary in
        select id, starts_at as at, created_by, true as is_start from price_schedules
        where company_id = p_company_id and product_id = p_product_id and cancelled_at is null
        and start_recorded_at is null and starts_at <= p_at
        union all
        select id, ends_at, created_by, false from price_schedules
        where company_id = p_company_id and product_id = p_product_id and cancelled_at is null
        and end_recorded_at is null and ends_at <= p_at
        order by at, is_start
    loop
        insert into price_history (
            company_id, variant_id, unit_price_amount, regular_price_amount, valid_from, reason, changed_by
        )
        select
            variants.company_id, variants.id, prices.price_amount + variants.price_modifier_amount,
            prices.regular_price_amount + variants.price_modifier_amount, boundary.at, 'schedule', boundary.created_by
        from variants
        cross join product_prices_at(p_company_id, p_product_id, boundary.at) as prices
        cross join lateral (
            select unit_price_amount, regular_price_amount from price_history as history
            where history.company_id = variants.company_id and history.variant_id = variants.id
            and history.valid_from <= boundary.at
            order by valid_from desc, id desc limit 1
        ) as latest
        where variants.company_id = p_company_id and variants.product_id = p_product_id
        and (latest.unit_price_amount, latest.regular_price_amount) is distinct from (
            prices.price_amount + variants.price_modifier_amount,
            prices.regular_price_amount + variants.price_modifier_amount
        );
        update price_schedules set
            start_recorded_at = case when boundary.is_start then p_at else start_recorded_at end,
            end_recorded_at = case when boundary.is_start then end_recorded_at else p_at end
        where company_id = p_company_id and id = boundary.id;
        recorded := recorded + 1;
    end loop;
    return recorded;
end $$;

create function record_schedules_first() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'products' then
        perform record_due_schedules(new.company_id, new.id, now());
    else
        perform record_due_schedules(new.company_id, new.product_id, now());
    end if;
    return new;
end $$;

create trigger record_schedules_first before update on products for each row
when ((old.price_amount, old.sale_price_amount) is distinct from (new.price_amount, new.sale_price_amount))
execute function record_schedules_first();
create trigger record_schedules_first before update on variants for each row
when (old.price_modifier_amount is distinct from new.price_modifier_amount)
execute function record_schedules_first();

-- The worker's question: which companies have a start or an end to write down?
create function catalog_find_due_schedules(p_at timestamptz) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select price_schedules.company_id from price_schedules
    where start_recorded_at is null and cancelled_at is null and starts_at <= p_at
    union
    select price_schedules.company_id from price_schedules
    where end_recorded_at is null and cancelled_at is null and ends_at <= p_at
$$;

-- A file is served to who knows its id and hash, as images on pages are; nothing else of its company is told.
create function media_find_file(p_media_id uuid, p_sha256 text)
returns table (storage_key text, content_type text, size_bytes bigint)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select media.storage_key, media.content_type, media.size_bytes from media
    where media.id = p_media_id and media.sha256 = p_sha256 and media.archived_at is null
$$;
create index ix_media_id on media (id);

revoke execute on function
    place_category(), move_subcategories(), add_to_product_counts(uuid, uuid [], integer []), count_new_products(),
    count_changed_product(), product_prices_at(uuid, uuid, timestamptz),
    record_due_schedules(uuid, uuid, timestamptz), record_schedules_first(), catalog_find_due_schedules(timestamptz),
    media_find_file(uuid, text)
from public;
grant execute on function
    place_category(), move_subcategories(), add_to_product_counts(uuid, uuid [], integer []), count_new_products(),
    count_changed_product(), product_prices_at(uuid, uuid, timestamptz),
    record_due_schedules(uuid, uuid, timestamptz), record_schedules_first(), catalog_find_due_schedules(timestamptz),
    media_find_file(uuid, text)
to stockwise_app;
