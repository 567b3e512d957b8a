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
