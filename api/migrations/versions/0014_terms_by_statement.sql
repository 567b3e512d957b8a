-- History of prices and costs: written once per statement, whatever the number of products that it changes. A file
-- of 20,000 changed products spent half its time in a trigger per row.
drop trigger record_terms on products;
drop trigger record_terms_added on variants;
drop trigger record_terms on variants;
drop function record_terms(uuid, uuid, uuid, uuid);

-- Of some variants of a company: what differs from the newest row of its history.
create function record_terms(p_company_id uuid, p_variant_ids uuid [], p_user_id uuid) returns void
language sql as $$
    insert into price_history (company_id, variant_id, unit_price_amount, regular_price_amount, valid_from, changed_by)
    select terms.company_id, terms.variant_id, terms.unit_price_amount, terms.regular_price_amount, now(), p_user_id
    from unnest(p_variant_ids) as changed (variant_id)
    inner join variant_terms as terms on terms.company_id = p_company_id and terms.variant_id = changed.variant_id
    left join lateral (
        select unit_price_amount, regular_price_amount from price_history as history
        where history.company_id = p_company_id and history.variant_id = changed.variant_id
        order by valid_from desc, id desc limit 1
    ) as latest on true
    where (latest.unit_price_amount, latest.regular_price_amount)
        is distinct from (terms.unit_price_amount, terms.regular_price_amount);

    insert into cost_history (company_id, variant_id, unit_cost_amount, valid_from, is_assumed, changed_by)
    select terms.company_id, terms.variant_id, terms.unit_cost_amount, now(), terms.is_assumed, p_user_id
    from unnest(p_variant_ids) as changed (variant_id)
    inner join variant_terms as terms on terms.company_id = p_company_id and terms.variant_id = changed.variant_id
    left join lateral (
        select true as is_known, unit_cost_amount from cost_history as history
        where history.company_id = p_company_id and history.variant_id = changed.variant_id
        order by valid_from desc, id desc limit 1
    ) as latest on true
    where latest.is_known is null and terms.unit_cost_amount is not null
    or latest.is_known and latest.unit_cost_amount is distinct from terms.unit_cost_amount;
$$;
revoke execute on function record_terms(uuid, uuid [], uuid) from public;

-- What changed is found by comparing sets. A join of rows before and after has no index, and a trigger's plan is
-- made once, for as few rows as the first statement changed.
create or replace function record_product_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform record_terms(changed.company_id, array_agg(variants.id), bound_user_id())
    from (
        select company_id, id, price_amount, sale_price_amount, cost_amount from new_rows
        except
        select company_id, id, price_amount, sale_price_amount, cost_amount from old_rows
    ) as changed
    inner join variants on variants.company_id = changed.company_id and variants.product_id = changed.id
    group by changed.company_id;
    return null;
end $$;

create or replace function record_variant_terms() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform record_terms(company_id, array_agg(id), bound_user_id()) from new_rows group by company_id;
    else
        perform record_terms(company_id, array_agg(id), bound_user_id())
        from (
            select company_id, id, price_modifier_amount, cost_amount from new_rows
            except
            select company_id, id, price_modifier_amount, cost_amount from old_rows
        ) as changed
        group by company_id;
    end if;
    return null;
end $$;

create trigger record_terms after update on products
referencing old table as old_rows new table as new_rows
for each statement execute function record_product_terms();
create trigger record_terms_added after insert on variants
referencing new table as new_rows
for each statement execute function record_variant_terms();
create trigger record_terms after update on variants
referencing old table as old_rows new table as new_rows
for each statement execute function record_variant_terms();
