"""A table that is not fed says why."""

import re
from pathlib import Path

from api.tables import metadata

LIST = Path(__file__).resolve().parents[2] / "docs" / "reference" / "unfed-tables.md"


def test_every_table_is_fed_or_listed_with_the_reason_why_not() -> None:
    listed = re.findall(r"^\| `(\w+)` \| .+ \|$", LIST.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert listed == sorted(name for name, table in metadata.tables.items() if not table.info["fed"])
