-- History of a product's category: one row from its creation on, and one each time that it moves.

CREATE TABLE product_category_history (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    product_id UUID NOT NULL,
    category_id UUID,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    is_assumed BOOLEAN DEFAULT false NOT NULL,
    reason TEXT,
    changed_by UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_product_category_history PRIMARY KEY (company_id, id),
    CONSTRAINT fk_product_category_history_company_id_product_id FOREIGN KEY(company_id, product_id) REFERENCES products (company_id, id),
    CONSTRAINT fk_product_category_history_company_id_category_id FOREIGN KEY(company_id, category_id) REFERENCES categories (company_id, id)
);
CREATE INDEX ix_product_category_history_company_id_product_id ON product_category_history (company_id, product_id);
CREATE INDEX ix_product_category_history_company_id_category_id ON product_category_history (company_id, category_id);
CREATE INDEX ix_product_category_history_row_xid ON product_category_history (row_xid);

call secure_table('product_category_history', true);

-- Where a product was before today nobody wrote down: it is taken to have always been where it is.
insert into product_category_history (company_id, product_id, category_id, valid_from, is_assumed, reason)
select company_id, id, category_id, created_at, true, 'The category it had when this history began'
from products;

-- Of two changes at once the later waits for the earlier one's row, yet may have begun before it.
create function record_product_categories() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into product_category_history (company_id, product_id, category_id, valid_from, changed_by)
        select company_id, id, category_id, created_at, bound_user_id() from new_rows;
    else
        insert into product_category_history (company_id, product_id, category_id, valid_from, changed_by)
        select
            changed.company_id, changed.id, changed.category_id, greatest(now(), latest.valid_from),
            bound_user_id()
        from (
            select company_id, id, category_id from new_rows
            except
            select company_id, id, category_id from old_rows
        ) as changed
        left join lateral (
            select valid_from from product_category_history as history
            where history.company_id = changed.company_id and history.product_id = changed.id
            order by valid_from desc, id desc limit 1
        ) as latest on true;
    end if;
    return null;
end $$;

revoke execute on function record_product_categories() from public;
grant execute on function record_product_categories() to stockwise_app;

create or replace function catalogue_renew_statistics() returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    analyze (skip_locked) products, variants, search_products, search_documents, search_variants, price_history,
        cost_history, product_category_history;
end $$;

create trigger record_categories_added after insert on products
referencing new table as new_rows
for each statement execute function record_product_categories();
create trigger record_categories after update on products
referencing old table as old_rows new table as new_rows
for each statement execute function record_product_categories();
