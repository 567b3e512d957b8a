"""What shoppers find of many products is written by joins of sets."""

from pathlib import Path

from api.migrations.scripts import run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Migrations go forward only: restore a backup to go back.")
