"""A home folder and server of a benchmark's own, gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.settings import Settings


@contextmanager
def own_home(settings: Settings) -> Iterator[Settings]:
    """Settings with an empty home folder and the embedded server."""
    with tempfile.TemporaryDirectory(prefix="stockwise-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root, the server runs as another user
        yield settings.model_copy(update={"home": home, "database_url": None})
