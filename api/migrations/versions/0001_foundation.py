"""The foundation: companies, catalogue, stock, orders, purchasing, events; roles and row-level security."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent

# RFC 9562, for servers before PostgreSQL 18, which has a function of that name of its own.
UUID_V7 = """
do $outer$ begin
if to_regprocedure('pg_catalog.uuidv7()') is null then
    create function uuidv7() returns uuid language sql volatile parallel safe as $body$
        select encode(
            set_bit(set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                    from 1 for 6
                ),
                52, 1), 53, 1),
            'hex')::uuid
    $body$;
    grant execute on function uuidv7() to stockwise_app;
end if;
end $outer$
"""


def upgrade() -> None:
    op.execute(UUID_V7)
    connection = op.get_bind()
    for name in ("0001_tables.sql", "0001_rules.sql"):
        connection.exec_driver_sql((FOLDER / name).read_text(encoding="utf-8").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("0001 is the first migration: drop the database instead of going below it")
