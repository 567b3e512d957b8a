-- A row that must name a row of another tenant table by (company_id, id) has that row's company, which exists:
-- by that table's own key to companies, or by the row that it in turn must name. The key to companies beside
-- it proves nothing more, and costs a look-up and a shared lock on the company's row for every row written.
do $$
declare
    redundant record;
begin
    for redundant in
        select company_key.conrelid::regclass as table_name, company_key.conname as key_name
        from pg_constraint as company_key
        where company_key.contype = 'f' and company_key.confrelid = 'companies'::regclass
        and exists (
            select from pg_constraint as other
            where other.contype = 'f' and other.conrelid = company_key.conrelid
            and other.confrelid not in (other.conrelid, company_key.confrelid)
            and other.conkey @> company_key.conkey
            and not exists (
                select from pg_attribute as part
                where part.attrelid = other.conrelid and part.attnum = any (other.conkey) and not part.attnotnull
            )
        )
    loop
        execute format('alter table %s drop constraint %I', redundant.table_name, redundant.key_name);
    end loop;
end $$;

-- The unique key (company_id, order_id, line_number) finds an order's lines as well.
drop index ix_order_lines_company_id_order_id;
