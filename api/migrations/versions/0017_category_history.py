"""Which category a product was in when, as its variants' prices and costs are kept."""

from pathlib import Path

from api.migrations.scripts import run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise RuntimeError("Migrations go forward only: restore a backup to go back.")
