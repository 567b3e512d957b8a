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
