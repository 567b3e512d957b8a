"""The dbt project as such: it parses without a warning, and every mart keeps the house's habits."""

import re
from decimal import Decimal
from typing import Any

import pytest

from api.tables import metadata
from core.errors import StockwiseError
from core.money import currency_digits
from core.warehouse import Warehouse
from pipelines.build_scope import FOLLOWED_TABLES
from pipelines.transform import PROJECT_FOLDER, TransformError, TransformResult, build, read_lineage
from tests.dbt.dbt_command import run_dbt
from tests.dbt.raw_rows import open_warehouse
from tests.dbt.two_shops import two_shops

pytestmark = pytest.mark.slow

GRAIN_TESTS = {"grain", "dense_days"}
# Their marts' is, of bad rows that repeat, of views on what is tested (the ledger, int_demand_daily).
UNTESTED_GRAIN = {
    "srv_payments",
    "srv_product_sales_daily",
    "srv_restock_not_proposed",
    "srv_stock_spans",
    "fct_stock_movements",
    "fct_demand_daily",
}

# A number says its unit by the end of its name or in its description; places and scores have none.
UNIT_IN_NAME = re.compile(
    r"_(units|amount|count|ratio|percent|days|hours|seconds|number|rank|value|orders|digits|times)$"
)
UNIT_IN_WORDS = re.compile(
    r"\b(units?|money|currency|amount|count|number|share|ratio|percent|days?|hours?|seconds?|weeks?|months?"
    r"|years?|orders|rows|lines|customers|0 to 1|probability)\b",
    re.IGNORECASE,
)
WITHOUT_UNIT = {"level", "rank", "rmsse", "score"}
NUMBERS = re.compile(r"(small|big|huge)?int|integer|decimal|numeric|double|float|real")


@pytest.fixture(scope="module")
def lineage(small_warehouse: Warehouse) -> dict[str, Any]:
    return read_lineage(small_warehouse.settings)


def models_of(lineage: dict[str, Any], *layers: str) -> dict[str, dict[str, Any]]:
    return {
        node["name"]: node
        for node in lineage["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in layers
    }


def test_project_parses_without_a_warning(small_warehouse: Warehouse) -> None:
    _, warnings = run_dbt(
        small_warehouse.settings, "parse", "--no-partial-parse", "--show-all-deprecations", target="parse"
    )

    assert warnings == []


def test_every_mart_and_serving_model_has_an_enforced_contract_and_described_columns(
    lineage: dict[str, Any],
) -> None:
    models = models_of(lineage, "marts", "serving")

    assert len(models) > 30
    assert [name for name, model in models.items() if not model["config"]["contract"]["enforced"]] == []
    assert [name for name, model in models.items() if not model["description"]] == []
    assert [
        f"{name}.{column['name']}"
        for name, model in models.items()
        for column in model["columns"].values()
        if not column["description"] or not column["data_type"]
    ] == []


def test_every_number_of_a_mart_or_serving_model_says_its_unit(lineage: dict[str, Any]) -> None:
    assert [
        f"{name}.{column['name']}"
        for name, model in models_of(lineage, "marts", "serving").items()
        for column in model["columns"].values()
        if NUMBERS.match(column["data_type"].lower())
        and column["name"] not in WITHOUT_UNIT
        and not UNIT_IN_NAME.search(column["name"])
        and not UNIT_IN_WORDS.search(column["description"])
    ] == []


def test_every_mart_and_serving_model_has_a_grain_test(lineage: dict[str, Any]) -> None:
    tested = {
        lineage["nodes"][node["attached_node"]]["name"]
        for node in lineage["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in GRAIN_TESTS
        and node["attached_node"] in lineage["nodes"]
    }

    assert set(models_of(lineage, "marts", "serving")) - tested == UNTESTED_GRAIN


def test_layers_read_only_from_the_layer_below_or_their_own(lineage: dict[str, Any]) -> None:
    allowed = {
        "staging": {"raw", "model_results"},
        "intermediate": {"staging", "intermediate"},
        "marts": {"staging", "intermediate", "marts"},
        "serving": {"marts", "serving", "model_results"},
    }
    nodes = {**lineage["nodes"], **lineage["sources"]}
    strangers = [
        f"{model['name']} reads {nodes[parent]['name']}"
        for layer, below in allowed.items()
        for model in models_of(lineage, layer).values()
        for parent in model["depends_on"]["nodes"]
        if nodes[parent]["schema"] not in below
    ]

    assert strangers == []


def test_rows_that_are_followed_by_key_are_built_anew_when_some_are_deleted(lineage: dict[str, Any]) -> None:
    """What is gone names no order and no day; models of carts and views ask for deletions themselves."""
    followed = {
        parent.rpartition(".stg_storefront__")[2]
        for model in models_of(lineage, "intermediate", "marts").values()
        if "pull_number > {{" in model["raw_code"]
        and not any(parent.endswith(".stg_feed__deletions") for parent in model["depends_on"]["nodes"])
        for parent in model["depends_on"]["nodes"]
        if ".stg_storefront__" in parent
    }

    assert followed == set(FOLLOWED_TABLES)


def test_every_fed_table_has_a_staging_model(lineage: dict[str, Any], small_warehouse: Warehouse) -> None:
    raw = {
        row["table_name"]
        for row in small_warehouse.rows(
            "select table_name from information_schema.tables where table_schema = 'raw'"
        )
    }
    staged = {name.removeprefix("stg_storefront__") for name in models_of(lineage, "staging")}

    assert raw - staged == {"feed_pull", "tombstones"}


def test_every_unit_test_passes(small_marts: tuple[Warehouse, TransformResult]) -> None:
    """Their inputs' types are read from what is built, so everything is built before."""
    warehouse, _ = small_marts
    served = build(warehouse.settings, "serving")

    result, _ = run_dbt(warehouse.settings, "test", "--selector", "unit_tests")

    assert {test.status for test in served.tests} == {"passed"}
    assert len(result.results) >= 30
    assert [entry.node.name for entry in result.results if entry.status != "pass"] == []


def test_currencies_without_decimals_are_the_products_own() -> None:
    macro = (PROJECT_FOLDER / "macros" / "money.sql").read_text(encoding="utf-8")
    listed = {word for word in macro.split("'") if len(word) == 3 and word.isupper()}
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    without_decimals = {
        code for code in (a + b + c for a in letters for b in letters for c in letters) if _digits(code) == 0
    }

    assert listed == without_decimals


def _digits(currency: str) -> int | None:
    try:
        return currency_digits(currency)
    except StockwiseError:
        return None


def test_numbers_that_do_not_add_up_fail_the_build_by_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One unit too many on hand, and a line whose parts are not its gross amount."""
    rows = two_shops()
    rows.change("order_lines", {"id": "l2"}, gross_amount=Decimal(73))
    rows.change(
        "stock_levels", {"variant_id": "mug", "location_id": "store"}, on_hand_units=2, available_units=2
    )

    with (
        open_warehouse(tmp_path_factory.mktemp("broken"), rows) as warehouse,
        pytest.raises(TransformError) as failure,
    ):
        build(warehouse.settings, "warehouse")

    failed = {test.name for test in failure.value.result.tests if test.status == "failed"}
    assert failed == {"net_and_tax_are_gross", "on_hand_is_the_sum_of_the_ledger"}


def test_building_again_gives_the_same_rows(small_marts: tuple[Warehouse, TransformResult]) -> None:
    warehouse, _ = small_marts
    tables = [
        row["table_name"]
        for row in warehouse.rows(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        )
    ]

    def fingerprints() -> dict[str, Any]:
        return {
            table: warehouse.rows(f"select count(*), bit_xor(hash(rows))::varchar from marts.{table} as rows")
            for table in tables
        }

    before = fingerprints()
    build(warehouse.settings, "warehouse")

    assert fingerprints() == before


def test_a_staging_model_tells_rows_apart_by_the_table_s_primary_key() -> None:
    texts = [
        file.read_text(encoding="utf-8")
        for file in PROJECT_FOLDER.glob("models/staging/stg_storefront__*.sql")
    ]
    calls = re.findall(r"newest_versions\('(\w+)'(?:, key=\[(.*?)\])?", "\n".join(texts))
    told_apart = {table: re.findall(r"\w+", key) or ["id"] for table, key in calls if table != "companies"}
    assert told_apart == {
        table: [column.name for column in metadata.tables[table].primary_key if column.name != "company_id"]
        for table in told_apart
    }
