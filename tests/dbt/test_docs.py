"""The warehouse explains itself: units of every quantity, and one page that holds it all."""

import re
from typing import Any

import pytest
import yaml

from core.warehouse import Warehouse
from pipelines.transform import PROJECT_FOLDER, TransformResult, build, write_docs

NUMBERS = re.compile(r"(integer|bigint|hugeint|double|decimal)\b")
# What a description must say of a quantity whose name ends so.
UNITS = {
    "amount": r"currenc(y|ies)\b",
    "units": r"\bunits?\b",
    "days": r"\bdays?\b",
    "hours": r"\bhours?\b",
    "seconds": r"\bseconds?\b",
    "ratio": r"\b0 to 1\b|\bby\b|\bover\b|\bshare\b|÷|/",
}


def described_columns() -> list[tuple[str, dict[str, Any]]]:
    """Name and contract of every column of marts and serving."""
    return [
        (f"{model['name']}.{column['name']}", column)
        for layer in ("marts", "serving")
        for file in sorted((PROJECT_FOLDER / "models" / layer).glob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
        for column in model.get("columns", [])
    ]


def lacks_unit(column: dict[str, Any]) -> bool:
    """Whether it is a quantity whose description does not say in what it is counted."""
    unit = UNITS.get(column["name"].rsplit("_", 1)[-1])
    is_quantity = unit is not None and NUMBERS.match(column["data_type"]) is not None
    return is_quantity and re.search(str(unit), column["description"], re.IGNORECASE) is None


def test_every_quantity_of_marts_and_serving_says_its_unit() -> None:
    columns = described_columns()

    assert len(columns) > 500
    assert [name for name, column in columns if not column.get("description", "").strip()] == []
    assert [name for name, column in columns if lacks_unit(column)] == []


@pytest.mark.parametrize(
    ("name", "kind", "description", "lacks"),
    [
        ("tax_amount", "decimal(14, 2)", "Tax on it.", True),
        ("tax_amount", "decimal(14, 2)", "Tax, company's currency.", False),
        ("open_units", "integer", "What is still to come.", True),
        ("late_ratio", "double", "Share that came late, 0 to 1.", False),
        ("has_units", "boolean", "Whether anything is there.", False),
    ],
)
def test_a_quantity_without_its_unit_is_found(name: str, kind: str, description: str, lacks: bool) -> None:
    assert lacks_unit({"name": name, "data_type": kind, "description": description}) is lacks


@pytest.mark.slow
def test_the_page_holds_every_column_with_its_description(
    small_marts: tuple[Warehouse, TransformResult],
) -> None:
    warehouse, _ = small_marts
    build(warehouse.settings, "serving")

    page = write_docs(warehouse.settings)

    text = page.read_text(encoding="utf-8")
    assert page == warehouse.settings.home / "docs" / "warehouse.html"
    for model in ("fct_sales_daily", "srv_sales_daily", "dim_variant"):
        assert f"model.stockwise.{model}" in text
    assert "Net sales of lines with a known cost" in text
