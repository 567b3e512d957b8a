"""The rules that every table keeps, as one procedure for the migrations that follow."""

from pathlib import Path

from api.migrations.scripts import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Migrations go forward only: restore a backup to go back.")
