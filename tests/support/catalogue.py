"""What PostgreSQL's catalogue says about tenancy: each function lists what breaks a rule, or nothing."""

from typing import Any

import psycopg
from psycopg.rows import scalar_row

Connection = psycopg.Connection[tuple[Any, ...]]

# Alembic's own table: its owner's alone.
NO_TENANCY = "('alembic_version')"
# People, roles and sessions are of the platform: no company's.
PLATFORM_TABLES = "('users', 'roles', 'platform_roles', 'sessions', 'event_consumers')"
# A hash of random bits: another company's cannot be guessed, and the key must find its company.
UNIQUE_ON_THE_PLATFORM = "('uq_storefront_keys_key_sha256', 'pk_companies', 'uq_companies_slug')"

_TABLES = f"""
    from pg_class as class
    where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p', 'f')
    and class.relname not in {NO_TENANCY}
"""
_HAS_COMPANY = """
    exists (
        select from pg_attribute
        where attrelid = class.oid and attname = 'company_id' and attnum > 0 and not attisdropped
    )
"""
_ROLES = "('stockwise_app', 'stockwise_reader')"


def tables_without_forced_security(connection: Connection) -> list[str]:
    """Tables on which row-level security is not enabled and forced."""
    return _list(
        connection,
        f"select class.relname::text {_TABLES} and not (class.relrowsecurity and class.relforcerowsecurity)",
    )


def tables_open_to_the_app_without_policy(connection: Connection) -> list[str]:
    """Tables that the app has rights on, and no policy for."""
    return _list(
        connection,
        f"""select class.relname::text {_TABLES}
        and has_any_column_privilege('stockwise_app', class.oid, 'select, insert, update')
        and not exists (
            select from pg_policy where polrelid = class.oid and 'stockwise_app'::regrole = any (polroles)
        )""",
    )


def policies_that_do_not_bind(connection: Connection) -> list[str]:
    """Policies for the app or for all that let another company's row be seen or written.

    Policies add up, so one that does not name the bound company opens the table.
    """
    return _list(
        connection,
        f"""
        select class.relname || '.' || policy.polname
        from pg_policy as policy
        inner join pg_class as class on policy.polrelid = class.oid
        cross join lateral (
            select
                pg_get_expr(policy.polqual, policy.polrelid) as using_expression,
                pg_get_expr(policy.polwithcheck, policy.polrelid) as check_expression,
                case when class.relname = 'companies' then 'id' else 'company_id' end
                || ' = ( SELECT (NULLIF(current_setting(''app.company_id''::text, true), ''''::text))::uuid'
                as bound
        ) as expressions
        where class.relnamespace = 'public'::regnamespace
        and (policy.polroles = '{{0}}' or 'stockwise_app'::regrole = any (policy.polroles))
        and class.relname not in {PLATFORM_TABLES}
        and not (
            (policy.polcmd = 'a' or starts_with(using_expression, '(' || bound))
            and (policy.polcmd in ('r', 'd') or starts_with(coalesce(check_expression, ''), '(' || bound))
        )
        """,
    )


def policies_without_check(connection: Connection) -> list[str]:
    """Policies that say which rows may be changed, but not into what."""
    return _list(
        connection,
        """select polrelid::regclass || '.' || polname from pg_policy
        where polcmd in ('*', 'a', 'w') and polwithcheck is null""",
    )


def keys_without_company(connection: Connection) -> list[str]:
    """Tenant tables whose company may be missing, or is not part of the primary key."""
    return _list(
        connection,
        f"""select class.relname::text {_TABLES} and {_HAS_COMPANY} and class.relname not in {PLATFORM_TABLES}
        and not exists (
            select from pg_constraint as key
            inner join pg_attribute as attribute
                on attribute.attrelid = class.oid and attribute.attnum = any (key.conkey)
            where key.conrelid = class.oid and key.contype = 'p' and attribute.attname = 'company_id'
            and attribute.attnotnull
        )""",
    )


def tables_of_nobody(connection: Connection) -> list[str]:
    """Tables that neither carry a company nor are known to be the platform's."""
    return _list(
        connection,
        f"""select class.relname::text {_TABLES} and not {_HAS_COMPANY}
        and class.relname not in {PLATFORM_TABLES} and class.relname <> 'companies'""",
    )


def references_across_companies(connection: Connection) -> list[str]:
    """Foreign keys between tenant tables that do not tie the company of one to that of the other."""
    return _list(
        connection,
        f"""
        select key.conrelid::regclass || '.' || key.conname
        from pg_constraint as key
        inner join pg_class as class on key.conrelid = class.oid
        inner join pg_class as target on key.confrelid = target.oid
        where key.contype = 'f' and class.relnamespace = 'public'::regnamespace
        and class.relname not in {PLATFORM_TABLES} and target.relname not in {PLATFORM_TABLES}
        and not exists (
            select from unnest(key.conkey, key.confkey) as pair (here, there)
            inner join pg_attribute as from_column
                on from_column.attrelid = key.conrelid and from_column.attnum = pair.here
            inner join pg_attribute as to_column
                on to_column.attrelid = key.confrelid and to_column.attnum = pair.there
            where from_column.attname = case when class.relname = 'companies' then 'id' else 'company_id' end
            and to_column.attname = case when target.relname = 'companies' then 'id' else 'company_id' end
        )
        """,
    )


def tables_that_lead_to_no_company(connection: Connection) -> list[str]:
    """Tenant tables in which a row could name a company that does not exist.

    Its own key to companies proves it, or a key without null columns to a table that leads to one.
    """
    return _list(
        connection,
        f"""
        with recursive anchored as (
            select 'companies'::regclass::oid as table_id
            union
            select key.conrelid
            from anchored
            inner join pg_constraint as key on key.confrelid = anchored.table_id
            where key.contype = 'f' and key.convalidated
            and exists (
                select from pg_attribute
                where attrelid = key.conrelid and attnum = any (key.conkey) and attname = 'company_id'
            )
            and not exists (
                select from pg_attribute
                where attrelid = key.conrelid and attnum = any (key.conkey) and not attnotnull
            )
        )
        select class.relname::text {_TABLES} and {_HAS_COMPANY} and class.relname not in {PLATFORM_TABLES}
        and class.oid not in (select table_id from anchored)""",
    )


def uniques_across_companies(connection: Connection) -> list[str]:
    """Unique indexes of tenant tables that tell one company what another has."""
    return _list(
        connection,
        f"""
        select index_class.relname::text
        from pg_index
        inner join pg_class as class on pg_index.indrelid = class.oid
        inner join pg_class as index_class on pg_index.indexrelid = index_class.oid
        where pg_index.indisunique and class.relnamespace = 'public'::regnamespace
        and class.relname not in {PLATFORM_TABLES} and class.relname not in {NO_TENANCY}
        and index_class.relname not in {UNIQUE_ON_THE_PLATFORM}
        and not exists (
            select from pg_attribute
            where attrelid = class.oid and attnum = any (pg_index.indkey) and attname = 'company_id'
        )
        """,
    )


def roles_with_too_much_power(connection: Connection) -> list[str]:
    """What the app's and the reader's role may do or own that they must not."""
    return _list(
        connection,
        f"""
        select rolname || ' has an attribute' from pg_roles
        where rolname in {_ROLES}
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
        union all
        select member::regrole || ' is a member of ' || roleid::regrole from pg_auth_members
        where member in (select oid from pg_roles where rolname in {_ROLES})
        union all
        select dependency.refobjid::regrole || ' owns ' || dependency.objid || ' of '
            || dependency.classid::regclass
        from pg_shdepend as dependency
        where dependency.deptype = 'o'
        and dependency.refobjid in (select oid from pg_roles where rolname in {_ROLES})
        union all
        select rolname || ' may create in schema public' from pg_roles
        where rolname in {_ROLES} and has_schema_privilege(rolname, 'public', 'create')
        union all
        select 'stockwise_reader may write ' || class.relname {_TABLES}
        and has_any_column_privilege('stockwise_reader', class.oid, 'insert, update')
        union all
        select 'stockwise_app may truncate ' || class.relname {_TABLES}
        and has_table_privilege('stockwise_app', class.oid, 'truncate, references, trigger')
        """,
    )


def views_that_see_all(connection: Connection) -> list[str]:
    """Views that look with their owner's eyes, and materialised views that the app may read."""
    return _list(
        connection,
        """
        select relname::text from pg_class
        where relnamespace = 'public'::regnamespace
        and (
            relkind = 'v'
            and not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']
            or relkind = 'm' and has_table_privilege('stockwise_app', oid, 'select')
        )
        """,
    )


def functions_with_owners_rights(connection: Connection) -> list[str]:
    """All functions that run with their owner's rights, to be compared with a reviewed list."""
    return _list(
        connection,
        """select proname::text from pg_proc
        where pronamespace = 'public'::regnamespace and prosecdef order by proname""",
    )


def unpinned_functions_with_owners_rights(connection: Connection) -> list[str]:
    """Functions with their owner's rights that a caller's search path or temporary table could mislead.

    ``pg_temp`` is searched first for tables unless it is named; so it must be named, last.
    """
    return _list(
        connection,
        """select proname::text from pg_proc
        where pronamespace = 'public'::regnamespace and prosecdef
        and not coalesce(proconfig, '{}') && array['search_path=pg_catalog, public, pg_temp']
        order by proname""",
    )


def functions_for_everyone(connection: Connection) -> list[str]:
    """Functions with their owner's rights that any role may call."""
    return _list(
        connection,
        """select proname::text from pg_proc
        cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as right_given
        where pronamespace = 'public'::regnamespace and prosecdef and right_given.grantee = 0""",
    )


RULES = [
    tables_without_forced_security,
    tables_open_to_the_app_without_policy,
    policies_that_do_not_bind,
    policies_without_check,
    keys_without_company,
    tables_of_nobody,
    references_across_companies,
    tables_that_lead_to_no_company,
    uniques_across_companies,
    roles_with_too_much_power,
    views_that_see_all,
    unpinned_functions_with_owners_rights,
    functions_for_everyone,
]


def _list(connection: Connection, query: str) -> list[str]:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return sorted(cursor.execute(query).fetchall())  # type: ignore[call-overload]
