-- The rules that every table keeps, as one procedure that each later migration calls for its own tables:
-- forced row-level security by company, rights of the app and the feed, tombstones, change marks.
create procedure secure_table(p_table regclass, p_is_append_only boolean default false) language plpgsql as $$
declare
    bound constant text := '(select nullif(current_setting(''app.company_id'', true), '''')::uuid)';
    is_fed constant boolean := exists (
        select from pg_attribute where attrelid = p_table and attname = 'row_xid' and not attisdropped
    );
    is_dated constant boolean := exists (
        select from pg_attribute where attrelid = p_table and attname = 'updated_at' and not attisdropped
    );
    key_columns constant text := (
        select string_agg(attribute.attname, ',' order by position)
        from pg_constraint as key
        cross join unnest(key.conkey) with ordinality as part (attnum, position)
        inner join pg_attribute as attribute on attribute.attrelid = p_table and attribute.attnum = part.attnum
        where key.conrelid = p_table and key.contype = 'p' and attribute.attname <> 'company_id'
    );
begin
    execute format('revoke all on %s from public', p_table);
    execute format('alter table %s enable row level security', p_table);
    execute format('alter table %s force row level security', p_table);
    execute format('create policy owner_all on %s to stockwise_owner using (true) with check (true)', p_table);
    execute format(
        'create policy company on %s to stockwise_app using (company_id = %s) with check (company_id = %s)',
        p_table, bound, bound
    );
    if p_is_append_only then
        execute format('grant select, insert on %s to stockwise_app', p_table);
        execute format(
            'create trigger refuse_change before update or delete on %s for each statement'
            ' execute function refuse_change()', p_table
        );
    else
        execute format('grant select, insert, update, delete on %s to stockwise_app', p_table);
    end if;
    if is_fed then
        execute format('create policy feed on %s for select to stockwise_reader using (true)', p_table);
        execute format('grant select on %s to stockwise_reader', p_table);
        execute format(
            'create trigger bury_rows after delete on %s referencing old table as deleted_rows'
            ' for each statement execute function bury_rows(%L, %L)', p_table, 'company_id', key_columns
        );
    end if;
    if is_fed and not p_is_append_only then
        -- A job that writes many rows sets row_xid itself; then the trigger stays out of its way.
        execute format(
            'create trigger touch_row before update on %s for each row'
            ' when (new.row_xid is not distinct from old.row_xid) execute function %s()',
            p_table, case when is_dated then 'touch_row' else 'touch_row_xid' end
        );
    end if;
end $$;

revoke execute on procedure secure_table(regclass, boolean) from public;
