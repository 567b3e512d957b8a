"""How Alembic runs here: on the connection that `core.postgres.migrate` opened as the owner's role."""

from alembic import context

from api.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Migrations run through core.postgres.migrate, which knows the server and the role.")

context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
