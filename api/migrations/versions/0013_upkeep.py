"""What time and people ask of the tables: forgetting a person, setting failing events aside, purging."""

from pathlib import Path

from api.migrations.scripts import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Migrations go forward only: restore a backup to go back.")
