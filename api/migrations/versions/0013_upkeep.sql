-- Forgetting a person ---------------------------------------------------------------------------------
-- Append-only means for everybody: but words about a person go when the person asks, and nothing else does.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    if current_setting('app.erasing', true) = 'words' and current_user = 'stockwise_owner' and tg_op = 'UPDATE' then
        return null;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

-- Words that people wrote or that were written about them, in what is kept of the bound company's orders.
create function erase_order_words(p_order_ids uuid []) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    bound constant uuid := nullif(current_setting('app.company_id', true), '')::uuid;
begin
    perform set_config('app.erasing', 'words', true);
    update order_history set note = null, row_xid = pg_current_xact_id()
    where company_id = bound and order_id = any(p_order_ids) and note is not null;
    update order_cancellations set reason = null, row_xid = pg_current_xact_id()
    where company_id = bound and order_id = any(p_order_ids) and reason is not null;
    update shipment_events set location = null, description = null, row_xid = pg_current_xact_id()
    from shipments
    where shipments.company_id = bound and shipments.order_id = any(p_order_ids)
    and shipment_events.company_id = bound and shipment_events.shipment_id = shipments.id;
    perform set_config('app.erasing', '', true);
end $$;
revoke execute on function erase_order_words(uuid []) from public;
grant execute on function erase_order_words(uuid []) to stockwise_app;

grant update (session_key, referrer_url) on product_views to stockwise_app;

-- Payment operations whose answer stays lost ---------------------------------------------------------
-- When staff were told that nobody will ask the provider again.
alter table payment_operations add column given_up_at timestamptz;

-- For the health of the whole: how many wait for a person, in all companies.
create function payments_count_given_up() returns bigint
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select count(*) from payment_operations where status = 'pending' and given_up_at is not null
$$;
revoke execute on function payments_count_given_up() from public;
grant execute on function payments_count_given_up() to stockwise_app;

-- Events that a consumer can't deal with ---------------------------------------------------------------
-- One row while deliveries fail, with when to try again; dead_at: set aside, until a person retries it.
create table event_failures (
    company_id uuid not null,
    consumer text not null,
    event_id uuid not null,
    tries integer not null,
    error text not null,
    first_failed_at timestamptz not null,
    last_failed_at timestamptz not null,
    next_try_at timestamptz not null,
    dead_at timestamptz,
    constraint pk_event_failures primary key (company_id, consumer, event_id),
    constraint fk_event_failures_company_id_event_id foreign key (company_id, event_id) references events (company_id, id),
    constraint ck_event_failures_tries_positive check (tries > 0)
);
call secure_table('event_failures');

-- The relay's question, before it knows of which companies its events are.
create function events_list_failures(p_consumer text)
returns table (company_id uuid, event_id uuid, tries integer, next_try_at timestamptz, dead_at timestamptz)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select company_id, event_id, tries, next_try_at, dead_at from event_failures where consumer = p_consumer
$$;

-- For the platform's own people: what was set aside, oldest first.
create function events_list_dead(p_limit integer)
returns table (
    company_id uuid, company_slug text, consumer text, event_id uuid, type text, occurred_at timestamptz, tries integer,
    error text, dead_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select
        failure.company_id, company.slug, failure.consumer, failure.event_id, event.type, event.occurred_at,
        failure.tries, failure.error, failure.dead_at
    from event_failures as failure
    inner join companies as company on failure.company_id = company.id
    inner join events as event on failure.company_id = event.company_id and failure.event_id = event.id
    where failure.dead_at is not null
    order by event.sequence, failure.consumer
    limit p_limit
$$;

create function events_count_dead() returns bigint
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select count(*) from event_failures where dead_at is not null
$$;
revoke execute on function events_list_failures(text), events_list_dead(integer), events_count_dead() from public;
grant execute on function events_list_failures(text), events_list_dead(integer), events_count_dead() to stockwise_app;

-- What is kept for a while ------------------------------------------------------------------------------
-- Deliveries of older events are forgotten: after a restore they must not be looked at again.
alter table event_consumers add column forgotten_before timestamptz;
create index ix_event_deliveries_delivered_at on event_deliveries (delivered_at);
create index ix_sessions_expires_at on sessions (expires_at);
create index ix_payment_webhooks_kept_bodies on payment_webhooks (received_at)
where body_encrypted <> '' and status <> 'received';

-- Logins that ended before an instant. A login's rotated tokens stay as long as one of them may be used.
create function purge_sessions(p_before timestamptz, p_limit integer) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    with old_rows as (
        select id from sessions where expires_at < p_before
        and not exists (
            select from sessions as newer where newer.family_id = sessions.family_id and newer.expires_at >= p_before
        )
        order by expires_at limit p_limit for update skip locked
    ),
    purged as (
        delete from sessions using old_rows where sessions.id = old_rows.id returning 1
    )
    select count(*)::integer from purged
$$;

-- Notes of deliveries before an instant, of events that their consumer's cursor has passed.
create function purge_event_deliveries(p_before timestamptz, p_limit integer) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    with old_rows as (
        select delivery.company_id, delivery.consumer, delivery.event_id
        from event_deliveries as delivery
        inner join event_consumers as reader on delivery.consumer = reader.consumer
        inner join events as event on delivery.company_id = event.company_id and delivery.event_id = event.id
        where delivery.delivered_at < p_before and event.occurred_at < p_before
        and event.row_xid < reader.delivered_before_xid
        order by delivery.delivered_at limit p_limit for update of delivery skip locked
    ),
    marked as (
        update event_consumers as reader set forgotten_before = p_before
        where (reader.forgotten_before is null or reader.forgotten_before < p_before)
        and exists (select from old_rows where old_rows.consumer = reader.consumer)
    ),
    purged as (
        delete from event_deliveries as stored using old_rows
        where stored.company_id = old_rows.company_id and stored.consumer = old_rows.consumer
        and stored.event_id = old_rows.event_id
        returning 1
    )
    select count(*)::integer from purged
$$;

-- What providers told: that they told it is kept, so that it has its effect once; its words are not.
create function purge_webhook_bodies(p_before timestamptz, p_limit integer) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    with old_rows as (
        select company_id, id from payment_webhooks
        where received_at < p_before and body_encrypted <> '' and status <> 'received'
        order by received_at limit p_limit for update skip locked
    ),
    blanked as (
        update payment_webhooks as stored set body_encrypted = '' from old_rows
        where stored.company_id = old_rows.company_id and stored.id = old_rows.id
        returning 1
    )
    select count(*)::integer from blanked
$$;
revoke execute on function
    purge_sessions(timestamptz, integer), purge_event_deliveries(timestamptz, integer),
    purge_webhook_bodies(timestamptz, integer)
from public;
grant execute on function
    purge_sessions(timestamptz, integer), purge_event_deliveries(timestamptz, integer),
    purge_webhook_bodies(timestamptz, integer)
to stockwise_app;

-- No shop draws on what is on its way -------------------------------------------------------------------
create function refuse_drawing_in_transit() returns trigger language plpgsql as $$
begin
    if exists (
        select from locations
        where company_id = new.company_id and id = new.location_id and kind = 'in_transit'
    ) then
        raise exception 'no shop sells what is in transit' using errcode = 'check_violation';
    end if;
    return new;
end $$;
revoke execute on function refuse_drawing_in_transit() from public;
create trigger refuse_drawing_in_transit before insert or update of location_id on shop_locations
for each row execute function refuse_drawing_in_transit();

create function refuse_becoming_in_transit() returns trigger language plpgsql as $$
begin
    if exists (select from shop_locations where company_id = new.company_id and location_id = new.id) then
        raise exception 'shops draw on this location' using errcode = 'check_violation';
    end if;
    return new;
end $$;
revoke execute on function refuse_becoming_in_transit() from public;
create trigger refuse_becoming_in_transit before update of kind on locations
for each row when (new.kind = 'in_transit') execute function refuse_becoming_in_transit();

-- Business tables that were not fed -----------------------------------------------------------------------
-- The rows that are there get this migration's transaction: the next pull brings them all.
do $$
declare
    item record;
begin
    for item in
        select
            wanted.name,
            exists (
                select from pg_attribute
                where attrelid = wanted.name::regclass and attname = 'updated_at' and not attisdropped
            ) as is_dated,
            (
                select string_agg(attribute.attname, ',' order by part.position)
                from pg_constraint as key
                cross join unnest(key.conkey) with ordinality as part (attnum, position)
                inner join pg_attribute as attribute
                    on attribute.attrelid = key.conrelid and attribute.attnum = part.attnum
                where key.conrelid = wanted.name::regclass and key.contype = 'p' and attribute.attname <> 'company_id'
            ) as key_columns
        from unnest(array[
            'banners', 'size_charts', 'tags', 'media', 'coupon_products', 'coupon_categories', 'coupon_customers',
            'review_votes', 'review_reports', 'shipping_zones', 'shipping_zone_areas', 'shipping_tariffs',
            'shipping_bands', 'payment_history'
        ]) as wanted (name)
    loop
        execute format(
            'alter table %I add column row_xid xid8 default pg_current_xact_id() not null', item.name
        );
        execute format('create index %I on %I (row_xid)', 'ix_' || item.name || '_row_xid', item.name);
        execute format('create policy feed on %I for select to stockwise_reader using (true)', item.name);
        execute format('grant select on %I to stockwise_reader', item.name);
        execute format(
            'create trigger bury_rows after delete on %I referencing old table as deleted_rows'
            ' for each statement execute function bury_rows(%L, %L)', item.name, 'company_id', item.key_columns
        );
        if item.name <> 'payment_history' then  -- which is append-only
            execute format(
                'create trigger touch_row before update on %I for each row'
                ' when (new.row_xid is not distinct from old.row_xid) execute function %s()',
                item.name, case when item.is_dated then 'touch_row' else 'touch_row_xid' end
            );
        end if;
    end loop;
end $$;
