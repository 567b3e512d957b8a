"""``python -m core.postgres.check``: do the migrations give the tables that the code describes?"""

import sys
import tempfile
from pathlib import Path

from core.postgres import migrate
from core.postgres.server import open_server
from core.settings import load_settings


def main() -> int:
    """Migrate an empty embedded server and compare; 0 if they agree, else 1 with the differences."""
    with tempfile.TemporaryDirectory(prefix="stockwise-check-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        settings = load_settings({"home": folder}).model_copy(update={"database_url": None})
        with open_server(settings, options={"fsync": "off"}) as server:
            migrate.upgrade(server)
            difference = migrate.check(server)
            revision = migrate.current(server)
    if difference is not None:
        sys.stderr.write(f"{difference}\n")
        return 1
    sys.stderr.write(f"migrations and metadata agree at revision {revision}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
