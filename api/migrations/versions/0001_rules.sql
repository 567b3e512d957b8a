-- What the tables alone can't say: who may see and write what, what is derived, what is kept for ever.

-- Document numbers ---------------------------------------------------------------------------------
-- PREFIX-YYYYMMDD-XXXXX: the day in the company's zone, then the sequence under a fixed bijection, in
-- base 32 without look-alike letters. Multiplying by an odd number modulo a power of two maps no two
-- inputs to one output, so numbers neither collide nor show how many orders there are.
create sequence order_number_seq minvalue 0 start 0;
create sequence restock_number_seq minvalue 0 start 0;

create function document_number(prefix text, serial bigint, at timestamptz, zone text) returns text
language sql immutable strict parallel safe
return (
    with size as (
        select case when serial < 33554432 then 25 when serial < 1073741824 then 30 else 35 end as bits
    ),
    mixed as (
        select bits, (serial * 22695477 + 12345) & ((1::bigint << bits) - 1) as code from size
    )
    select prefix || '-' || to_char(at at time zone zone, 'YYYYMMDD') || '-' || string_agg(
        substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((code >> (5 * place)) & 31)::int + 1, 1), '' order by place desc
    )
    from mixed, generate_series(0, bits / 5 - 1) as place
);

-- Money and time as texts, alike in every document that SQL writes -----------------------------------
create function minor_unit_digits(currency text) returns int language sql immutable parallel safe
return case
    when currency in (
        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF',
        'XPF'
    ) then 0
    else 2
end;

create function instant_text(instant timestamptz) returns text language sql stable parallel safe
return to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- The current terms of a variant: one definition of what it sells for and costs ---------------------
create view variant_terms with (security_invoker = true) as
select
    variants.company_id,
    variants.id as variant_id,
    variants.product_id,
    variants.sku,
    products.name as product_name,
    variants.name as variant_name,
    coalesce(variants.image_url, products.images -> 0 ->> 'url') as image_url,
    coalesce(products.sale_price_amount, products.price_amount) + variants.price_modifier_amount as unit_price_amount,
    products.price_amount + variants.price_modifier_amount as regular_price_amount,
    coalesce(variants.cost_amount, products.cost_amount) as unit_cost_amount,
    products.is_assumed,
    products.shop_id,
    (
        products.status = 'published' and products.is_active and products.archived_at is null
        and variants.is_active and variants.archived_at is null
    ) as is_sellable
from variants
inner join products on variants.company_id = products.company_id and variants.product_id = products.id;

-- Change marks: row_xid and updated_at on update ---------------------------------------------------
create function touch_row() returns trigger language plpgsql as $$
begin
    new.row_xid := pg_current_xact_id();
    new.updated_at := now();
    return new;
end $$;

create function touch_row_xid() returns trigger language plpgsql as $$
begin
    new.row_xid := pg_current_xact_id();
    return new;
end $$;

-- Deletes of fed tables leave a tombstone for the feed ---------------------------------------------
create function bury_rows() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    key_pairs text;
begin
    select string_agg(format('%L, %I', key_column, key_column), ', ') into key_pairs
    from unnest(string_to_array(tg_argv[1], ',')) as key_column;
    execute format(
        'insert into tombstones (company_id, table_name, key) select %I, %L, jsonb_build_object(%s) from deleted_rows',
        tg_argv[0], tg_table_name, key_pairs
    );
    return null;
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

-- on_hand = Σ ledger: the ledger's trigger is the one writer of on_hand_units -----------------------
create function apply_ledger() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into stock_levels (company_id, location_id, variant_id)
    select distinct added.company_id, added.location_id, added.variant_id
    from added_rows as added
    where not exists (
        select from stock_levels as level
        where level.company_id = added.company_id and level.location_id = added.location_id
        and level.variant_id = added.variant_id
    )
    order by 1, 2, 3
    on conflict do nothing;

    update stock_levels as level
    set
        on_hand_units = level.on_hand_units + moved.delta_units,
        last_restocked_at = greatest(level.last_restocked_at, moved.restocked_at),
        updated_at = now()
    from (
        select
            company_id,
            location_id,
            variant_id,
            sum(delta_units) as delta_units,
            max(occurred_at) filter (where reason = 'receipt') as restocked_at
        from added_rows
        group by company_id, location_id, variant_id
    ) as moved
    where level.company_id = moved.company_id and level.location_id = moved.location_id
    and level.variant_id = moved.variant_id;
    return null;
end $$;

create trigger apply_ledger after insert on stock_ledger
referencing new table as added_rows for each statement execute function apply_ledger();

-- History of price, cost and supplier terms, in the same transaction as the change ------------------
-- Of one variant, or of a product's variants. ("id = x or x is null" would read the whole company's each time.)
create function record_terms(p_company_id uuid, p_product_id uuid, p_variant_id uuid, p_user_id uuid) returns void
language sql as $$
    insert into price_history (company_id, variant_id, unit_price_amount, regular_price_amount, valid_from, changed_by)
    select terms.company_id, terms.variant_id, terms.unit_price_amount, terms.regular_price_amount, now(), p_user_id
    from variant_terms as terms
    left join lateral (
        select unit_price_amount, regular_price_amount from price_history as history
        where history.company_id = terms.company_id and history.variant_id = terms.variant_id
        order by valid_from desc, id desc limit 1
    ) as latest on true
    where terms.company_id = p_company_id
    and terms.variant_id in (
        select id from variants where company_id = p_company_id and id = p_variant_id
        union all
        select id from variants where company_id = p_company_id and product_id = p_product_id
    )
    and (latest.unit_price_amount, latest.regular_price_amount)
        is distinct from (terms.unit_price_amount, terms.regular_price_amount);

    insert into cost_history (company_id, variant_id, unit_cost_amount, valid_from, is_assumed, changed_by)
    select terms.company_id, terms.variant_id, terms.unit_cost_amount, now(), terms.is_assumed, p_user_id
    from variant_terms as terms
    left join lateral (
        select true as is_known, unit_cost_amount from cost_history as history
        where history.company_id = terms.company_id and history.variant_id = terms.variant_id
        order by valid_from desc, id desc limit 1
    ) as latest on true
    where terms.company_id = p_company_id
    and terms.variant_id in (
        select id from variants where company_id = p_company_id and id = p_variant_id
        union all
        select id from variants where company_id = p_company_id and product_id = p_product_id
    )
    and (latest.is_known is null and terms.unit_cost_amount is not null
        or latest.is_known and latest.unit_cost_amount is distinct from terms.unit_cost_amount);
$$;

create function bound_user_id() returns uuid language sql stable parallel safe
return nullif(current_setting('app.user_id', true), '')::uuid;

create function record_product_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform record_terms(new.company_id, new.id, null, bound_user_id());
    return null;
end $$;

create function record_variant_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform record_terms(new.company_id, null, new.id, bound_user_id());
    return null;
end $$;

create function record_supplier_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into product_supplier_history (
        company_id, product_supplier_id, unit_cost_amount, currency, price_breaks, moq_units, pack_units,
        lead_time_days, is_preferred, valid_from
    ) values (
        new.company_id, new.id, new.unit_cost_amount, new.currency, new.price_breaks, new.moq_units, new.pack_units,
        new.lead_time_days, new.is_preferred, now()
    );
    return null;
end $$;

create trigger record_terms after update on products for each row
when (
    (old.price_amount, old.sale_price_amount, old.cost_amount)
    is distinct from (new.price_amount, new.sale_price_amount, new.cost_amount)
) execute function record_product_terms();
create trigger record_terms_added after insert on variants for each row execute function record_variant_terms();
create trigger record_terms after update on variants for each row
when (
    (old.price_modifier_amount, old.cost_amount) is distinct from (new.price_modifier_amount, new.cost_amount)
) execute function record_variant_terms();
create trigger record_terms_added after insert on product_suppliers for each row
execute function record_supplier_terms();
create trigger record_terms after update on product_suppliers for each row
when (
    (old.unit_cost_amount, old.currency, old.price_breaks, old.moq_units, old.pack_units, old.lead_time_days,
        old.is_preferred)
    is distinct from (new.unit_cost_amount, new.currency, new.price_breaks, new.moq_units, new.pack_units,
        new.lead_time_days, new.is_preferred)
) execute function record_supplier_terms();

-- Reviewed functions through which a credential finds its company -----------------------------------
-- Each answers one question before a tenant is bound; nothing else crosses companies.
create function auth_find_user(p_email text)
returns table (user_id uuid, password_hash text, is_active boolean, is_email_verified boolean)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select id, password_hash, is_active, is_email_verified from users where email = lower(p_email)
$$;

create function auth_create_user(
    p_id uuid, p_email text, p_password_hash text, p_first_name text, p_last_name text, p_username text, p_phone text
) returns uuid language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    insert into users (id, email, password_hash, first_name, last_name, username, phone)
    values (p_id, lower(p_email), p_password_hash, p_first_name, p_last_name, p_username, p_phone)
    returning id
$$;

create function auth_find_memberships(p_user_id uuid)
returns table (
    company_id uuid, company_slug text, company_name text, role text, shop_ids uuid [], approval_limit_amount numeric
)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select
        membership.company_id, company.slug, company.name, membership.role,
        coalesce(
            (
                select array_agg(bound.shop_id order by bound.shop_id) from membership_shops as bound
                where bound.company_id = membership.company_id and bound.membership_id = membership.id
            ),
            '{}'
        ),
        membership.approval_limit_amount
    from memberships as membership
    inner join companies as company on membership.company_id = company.id
    where membership.user_id = p_user_id and membership.is_active and company.is_active and company.archived_at is null
    union all
    select customer.company_id, company.slug, company.name, 'customer', '{}', null
    from customers as customer
    inner join companies as company on customer.company_id = company.id
    where customer.user_id = p_user_id and customer.archived_at is null and company.is_active
    and company.archived_at is null
    union all
    select null, null, null, platform_roles.role, '{}', null
    from platform_roles where platform_roles.user_id = p_user_id
$$;

create function auth_find_session(p_refresh_token_sha256 bytea)
returns table (session_id uuid, family_id uuid, user_id uuid, company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select id, family_id, user_id, company_id from sessions where refresh_token_sha256 = p_refresh_token_sha256
$$;

create function auth_find_storefront(p_key_sha256 bytea)
returns table (storefront_key_id uuid, company_id uuid, shop_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select key.id, key.company_id, key.shop_id
    from storefront_keys as key
    inner join shops as shop on key.company_id = shop.company_id and key.shop_id = shop.id
    inner join companies as company on key.company_id = company.id
    where key.key_sha256 = p_key_sha256 and key.revoked_at is null
    and shop.is_active and shop.archived_at is null and company.is_active and company.archived_at is null
$$;

-- The sweeper's question: in which companies has a live reservation expired?
create function inventory_find_expired(p_at timestamptz) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select distinct reservations.company_id from reservations
    where reservations.status = 'live' and reservations.expires_at <= p_at
$$;

-- A customer registers, or a super admin enters, before any company is bound.
create function auth_find_company(p_slug text)
returns table (company_id uuid, company_slug text, company_name text)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select id, slug, name from companies where slug = p_slug and is_active and archived_at is null
$$;

-- For the platform's own people: empty for everyone else.
create function platform_list_companies(p_after_slug text, p_limit integer)
returns table (company_id uuid, company_slug text, company_name text)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select id, slug, name from companies
    where archived_at is null and slug > p_after_slug
    and exists (select from platform_roles where user_id = bound_user_id() and role = 'super_admin')
    order by slug limit p_limit
$$;

-- Answers kept for a repeated key, once no one may repeat it any more.
create function purge_idempotency_keys(p_before timestamptz, p_limit integer) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    with old_rows as (
        select company_id, scope, key from idempotency_keys where created_at < p_before
        order by created_at limit p_limit for update skip locked
    ),
    purged as (
        delete from idempotency_keys as stored using old_rows
        where stored.company_id = old_rows.company_id and stored.scope = old_rows.scope
        and stored.key = old_rows.key
        returning 1
    )
    select count(*)::integer from purged
$$;

-- Rights and row-level security --------------------------------------------------------------------
revoke all on all tables in schema public from public;
revoke execute on all functions in schema public from public;
grant usage on schema public to stockwise_app, stockwise_reader;
grant execute on function
    document_number(text, bigint, timestamptz, text), minor_unit_digits(text), instant_text(timestamptz),
    touch_row(), touch_row_xid(), bury_rows(), refuse_change(),
    apply_ledger(), bound_user_id(), record_product_terms(),
    record_variant_terms(), record_supplier_terms(), auth_find_user(text),
    auth_create_user(uuid, text, text, text, text, text, text), auth_find_memberships(uuid),
    auth_find_session(bytea), auth_find_storefront(bytea),
    inventory_find_expired(timestamptz), auth_find_company(text), platform_list_companies(text, integer),
    purge_idempotency_keys(timestamptz, integer)
to stockwise_app;
grant usage on sequence order_number_seq, restock_number_seq to stockwise_app;

do $$
declare
    item record;
    bound text := '(select nullif(current_setting(''app.company_id'', true), '''')::uuid)';
    append_only text[] := array[
        'stock_ledger', 'price_history', 'cost_history', 'product_supplier_history', 'order_history', 'receipts',
        'receipt_lines', 'events', 'tombstones'
    ];
    company_column text;
    key_columns text;
begin
    for item in
        select
            class.relname as name,
            exists (
                select from pg_attribute where attrelid = class.oid and attname = 'row_xid' and not attisdropped
            ) as is_fed,
            exists (
                select from pg_attribute where attrelid = class.oid and attname = 'updated_at' and not attisdropped
            ) as is_dated,
            exists (
                select from pg_attribute where attrelid = class.oid and attname = 'company_id' and not attisdropped
            ) as has_company,
            (
                select string_agg(attribute.attname, ',' order by position)
                from pg_constraint as constraint_row,
                    unnest(constraint_row.conkey) with ordinality as key (attnum, position),
                    pg_attribute as attribute
                where constraint_row.conrelid = class.oid and constraint_row.contype = 'p'
                and attribute.attrelid = class.oid and attribute.attnum = key.attnum
                and attribute.attname <> 'company_id'
            ) as key_columns
        from pg_class as class
        where class.relnamespace = 'public'::regnamespace and class.relkind = 'r' and class.relname <> 'alembic_version'
        order by class.relname
    loop
        execute format('alter table %I enable row level security', item.name);
        execute format('alter table %I force row level security', item.name);
        execute format(
            'create policy owner_all on %I to stockwise_owner using (true) with check (true)', item.name
        );
        company_column := case when item.name = 'companies' then 'id' when item.has_company then 'company_id' end;
        if company_column is not null and item.name <> 'sessions' then
            execute format(
                'create policy company on %I to stockwise_app using (%I = %s) with check (%I = %s)',
                item.name, company_column, bound, company_column, bound
            );
            if item.name = any (append_only) then
                execute format('grant select, insert on %I to stockwise_app', item.name);
                if item.name <> 'tombstones' then
                    execute format(
                        'create trigger refuse_change before update or delete on %I for each statement'
                        ' execute function refuse_change()', item.name
                    );
                end if;
            else
                execute format('grant select, insert, update, delete on %I to stockwise_app', item.name);
            end if;
        end if;
        if item.is_fed or item.name = 'stock_levels' then
            execute format('create policy feed on %I for select to stockwise_reader using (true)', item.name);
            execute format('grant select on %I to stockwise_reader', item.name);
            if item.name not in ('tombstones', 'events') then
                execute format(
                    'create trigger bury_rows after delete on %I referencing old table as deleted_rows'
                    ' for each statement execute function bury_rows(%L, %L)',
                    item.name, company_column, item.key_columns
                );
            end if;
        end if;
        if item.is_fed and not item.name = any (append_only) then
            -- A job that writes many rows sets row_xid itself; then the trigger stays out of its way.
            execute format(
                'create trigger touch_row before update on %I for each row'
                ' when (new.row_xid is not distinct from old.row_xid) execute function %s()',
                item.name, case when item.is_dated then 'touch_row' else 'touch_row_xid' end
            );
        end if;
    end loop;
end $$;

-- on_hand_units belongs to the ledger's trigger alone.
revoke insert, update, delete on stock_levels from stockwise_app;
grant insert (company_id, location_id, variant_id, low_stock_threshold_units, allow_backorder) on stock_levels
to stockwise_app;
grant update (reserved_units, low_stock_threshold_units, allow_backorder, updated_at) on stock_levels to stockwise_app;
grant select on variant_terms to stockwise_app;
alter table stock_levels set (fillfactor = 70);
alter table reservations set (fillfactor = 85);

-- Platform tables: what a person may see of the platform is himself and the people of the bound company.
grant select, update on users to stockwise_app;
create policy self_or_company on users to stockwise_app
using (
    id = (select bound_user_id())
    or exists (select from memberships where memberships.user_id = users.id)
)
with check (id = (select bound_user_id()));
grant select on roles to stockwise_app;
create policy everyone on roles for select to stockwise_app using (true);
grant select on platform_roles to stockwise_app;
create policy self on platform_roles for select to stockwise_app using (user_id = (select bound_user_id()));
grant select, insert, update on sessions to stockwise_app;
create policy self on sessions to stockwise_app
using (user_id = (select bound_user_id())) with check (user_id = (select bound_user_id()));
grant select, insert, update on event_consumers to stockwise_app;
create policy worker on event_consumers to stockwise_app using (true) with check (true);

insert into roles (name, description, is_platform) values
('super_admin', 'Runs the platform: every company, one at a time.', true),
('company_admin', 'Runs a company: its shops, people, settings and numbers.', false),
('shop_manager', 'Runs shops: catalogue, orders, prices, shipping, refunds.', false),
('shop_staff', 'Works in shops: sees stock, fulfils orders.', false),
('buyer', 'Restocks: reads inventory and forecasts, orders from suppliers up to a limit.', false),
('customer', 'Buys: sees and changes what is their own.', false);
