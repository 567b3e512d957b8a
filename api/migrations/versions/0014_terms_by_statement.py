"""The history of prices and costs is written once per statement."""

from pathlib import Path

from api.migrations.scripts import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Migrations go forward only: restore a backup to go back.")
