"""The warehouse answers questions as they are asked."""

from pathlib import Path

from core.settings import load_settings
from core.warehouse import hold_warehouse

ROWS = "create table items as select (hash(i) % 4724)::varchar as item_id from range(200000) as s (i)"
ORDERED = "select distinct item_id from items where item_id <> $without order by item_id"


def test_rows_come_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    """The engine may lose it where a question is read from as from a table, about once in twelve times."""
    with hold_warehouse(load_settings({"home": tmp_path / "home"})) as warehouse:
        with warehouse.connect() as connection:
            connection.execute(ROWS)
        for _ in range(80):
            items = warehouse.query(ORDERED, {"without": "none"})["item_id"].to_pylist()
            assert items == sorted(items)
