"""How a migration runs the SQL that stands beside it."""

from pathlib import Path

from alembic import op


def run_script(file: Path) -> None:
    """Run a file of SQL statements on the migration's connection."""
    op.get_bind().exec_driver_sql(file.read_text(encoding="utf-8").replace("%", "%%"))
