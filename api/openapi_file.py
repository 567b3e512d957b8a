"""``python -m api.openapi_file [--write]``: is the committed description of the API the one that it serves?

Clients are made from ``docs/reference/openapi.json``: a change of the API is a change of that file, seen in
review.
"""

from __future__ import annotations

import difflib
import sys
import tempfile
from pathlib import Path

import orjson

from api.app import create_app
from core.settings import load_settings

FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.json"
_MOST_LINES = 60


def described() -> str:
    """Return the description that the API serves, one value a line."""
    with tempfile.TemporaryDirectory(prefix="stockwise-openapi-") as home:
        document = create_app(load_settings({"home": home})).openapi()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def main() -> int:
    """Write the file, or compare: 0 if it is up to date, else 1 with the difference."""
    current = described()
    if "--write" in sys.argv[1:]:
        FILE.write_text(current, encoding="utf-8")
        return 0
    committed = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if committed == current:
        sys.stderr.write("docs/reference/openapi.json describes the API as it is\n")
        return 0
    lines = difflib.unified_diff(committed.splitlines(), current.splitlines(), "committed", "served", n=1)
    shown = [line for line, _ in zip(lines, range(_MOST_LINES), strict=False)]
    sys.stderr.write("\n".join(shown))
    sys.stderr.write("\nThe API changed: run `make openapi` and commit docs/reference/openapi.json.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
