"""Product files: what is loaded, refused, undone and written, through the API."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.catalog.transfer_columns import FILE_COLUMNS, as_cell, from_cell
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

IMPORT, EXPORT = "/api/v1/products/import", "/api/v1/products/export"


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


async def load(
    api: Api, company: Company, content: bytes, *, role: str = "company_admin", **query: Any
) -> httpx.Response:
    return await api.client.post(
        IMPORT,
        files={"file": ("products", content, "application/octet-stream")},
        params=query,
        headers=api.token(role, company),
    )


async def export(api: Api, company: Company, **query: str) -> bytes:
    answer = await api.client.get(EXPORT, params=query, headers=api.token("company_admin", company))
    assert answer.status_code == 200, answer.text
    return answer.content


def counts(answer: httpx.Response) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.text
    report = answer.json()
    names = ("created_rows", "updated_rows", "unchanged_rows", "rejected_rows")
    return tuple(report[name] for name in names)


SHIRT = [
    {
        "sku": f"SHIRT-{size}", "product_sku": "SHIRT", "name": "Shirt", "price_amount": "20.00",
        "cost_amount": "8", "category": "goods", "tags": "cotton|Summer", "status": "published",
        "specifications": '{"material": "cotton"}', "options": f'{{"size": "{size}"}}',
        "product_options": '[{"name": "size", "values": ["S", "M"]}]',
        "price_modifier_amount": modifier, "images": '[{"url": "https://example.com/a.jpg"}]',
        "related_skus": "SKU-1",
    }
    for size, modifier in (("S", "-1.50"), ("M", "0"))
]  # fmt: skip


async def test_a_file_creates_products_with_variants_history_and_events(api: Api, company: Company) -> None:
    assert counts(await load(api, company, as_csv(SHIRT))) == (2, 0, 0, 0)
    admin = api.token("company_admin", company)
    product = (await api.client.get("/api/v1/products/by-slug/shirt-shirt", headers=admin)).json()
    assert [(one["sku"], one["unit_price_amount"]) for one in product["variants"]] == [
        ("SHIRT-M", "20.000000"),
        ("SHIRT-S", "18.500000"),
    ]
    assert product["tags"] == ["cotton", "Summer"]
    assert product["images"] == [{"alt": "", "is_primary": True, "url": "https://example.com/a.jpg"}]
    assert product["related_product_ids"] == [str(company.product_id)]
    assert product["category_id"] == str(company.category_id)
    prices = (
        "select count(*) from price_history join variants on variants.id = variant_id where sku like 'SHIRT%'"
    )
    assert api.scalar(prices) == 2
    assert api.scalar("select count(*) from events where type = 'product.created'") == 1
    assert api.scalar("select product_count from categories") == 2


async def test_loading_a_file_again_changes_nothing_and_an_empty_cell_keeps_what_is_there(
    api: Api, company: Company
) -> None:
    await load(api, company, as_csv(SHIRT))
    before = api.rows("select xmin, sku from products order by sku")
    assert counts(await load(api, company, as_csv(SHIRT))) == (0, 0, 2, 0)
    assert api.rows("select xmin, sku from products order by sku") == before
    change = [{"sku": "SHIRT-S", "product_sku": "SHIRT", "price_amount": "25", "name": ""}]
    assert counts(await load(api, company, as_csv(change))) == (0, 1, 0, 0)
    stored = "select name, price_amount::int, cost_amount::int from products where sku = 'SHIRT'"
    assert api.rows(stored) == [("Shirt", 25, 8)]
    history = api.rows(
        "select unit_price_amount::numeric(9, 2)::text from price_history"
        " join variants on variants.id = variant_id where sku = 'SHIRT-S' order by valid_from"
    )
    assert history == [("18.50",), ("23.50",)]


NEW = {"sku": "A", "name": "A", "price_amount": "1"}
URL = '[{"url": "javascript:alert(1)"}]'
BAD_ROWS: list[tuple[dict[str, str], str]] = [
    (NEW | {"price_amount": "x"}, "price_amount: Input should be a valid decimal"),
    ({"sku": "A", "name": "A"}, "a new product needs name and price_amount"),
    (NEW | {"category": "none"}, "category: there is no such category"),
    (NEW | {"shop": "none"}, "shop: there is no such shop"),
    (NEW | {"sale_price_amount": "1"}, "sale_price_amount: it is not below"),
    (NEW | {"price_modifier_amount": "-2"}, "price_modifier_amount: it would"),
    (NEW | {"slug": "thing"}, "slug: another product has it"),
    (NEW | {"sku": "SKU-1", "product_sku": "A"}, "sku: it belongs to another product"),
    (NEW | {"images": "[{]"}, "images: is not JSON"),
    (NEW | {"images": URL}, "images: send an"),
    (NEW | {"price_amount": "NaN"}, "price_amount: Input should be a finite number"),
    (NEW | {"specifications": "[" * 10_000}, "specifications: is not JSON"),
    (NEW | {"specifications": '{"a": "\\u0000"}'}, "specifications: is not"),
    (NEW | {"name": "A\0"}, "a cell holds a character that can't be stored"),
    (
        {"sku": "SKU-1", "options": '{"size": "S"}', "product_options": '[{"name": "c", "values": ["x"]}]'},
        "options:",
    ),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
async def test_a_bad_row_is_named_with_line_and_reason_and_the_others_are_loaded(
    api: Api, company: Company, row: dict[str, str], reason: str
) -> None:
    good = {"sku": "GOOD", "name": "Good", "price_amount": "1"}
    answer = await load(api, company, as_csv([good, row]))
    assert counts(answer) == (1, 0, 0, 1)
    reject = answer.json()["rejects"][0]
    assert reject["line"] == 3
    assert reject["reason"].startswith(reason), reject
    assert api.rows("select sku from products order by sku") == [("GOOD",), ("SKU-1",)]


async def test_two_rows_that_want_the_same_are_not_both_loaded(api: Api, company: Company) -> None:
    rows = [
        {"sku": "A", "name": "A", "price_amount": "1", "slug": "same"},
        {"sku": "B", "name": "B", "price_amount": "1", "slug": "same"},
        {"sku": "A", "name": "A", "price_amount": "2", "slug": "same"},
    ]
    answer = await load(api, company, as_csv(rows))
    assert [(one["line"], one["reason"]) for one in answer.json()["rejects"]] == [
        (3, "slug: another row has it"),
        (4, "sku: the file names it twice"),
    ]
    assert api.rows("select sku from products where sku in ('A', 'B')") == [("A",)]


async def test_a_row_that_chooses_what_another_variant_has_is_not_loaded(api: Api, company: Company) -> None:
    await load(api, company, as_csv(SHIRT))
    chosen = {"product_sku": "SHIRT", "options": SHIRT[0]["options"]}
    size = [{"name": "size", "values": ["S", "L"]}]
    new = {"name": "N", "price_amount": "1", "product_sku": "N", "product_options": json.dumps(size)}
    twins = [new | {"sku": sku, "options": '{"size": "S"}'} for sku in ("N-1", "N-2")]
    answer = await load(api, company, as_csv([chosen | {"sku": "TWIN"}, *twins]))
    assert [(one["line"], one["reason"]) for one in answer.json()["rejects"]] == [
        (2, "options: another variant has the same"),
        (4, "options: another row has the same"),
    ]
    assert api.rows("select sku from variants where sku in ('TWIN', 'N-1', 'N-2')") == [("N-1",)]


async def test_all_or_nothing_and_dry_run_leave_no_trace(api: Api, company: Company) -> None:
    bad = as_csv([*SHIRT, {"sku": "BAD"}])
    answer = await load(api, company, bad, all_or_nothing=True)
    assert counts(answer) == (2, 0, 0, 1)
    assert answer.json()["is_written"] is False
    dry = await load(api, company, as_csv(SHIRT), dry_run=True)
    assert counts(dry) == (2, 0, 0, 0)
    for table, count in (("products", 1), ("tags", 0), ("events", 0)):
        assert api.scalar(f"select count(*) from {table}") == count
    assert (await load(api, company, as_csv(SHIRT), all_or_nothing=True)).json()["is_written"] is True
    assert api.scalar("select count(*) from products") == 2


DANGEROUS = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", '"=1+1"', "'=already", "＝1"]


async def test_no_exported_cell_is_a_formula_and_the_round_trip_restores_it(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    """Check 41."""
    company, other = two_companies
    rows = [
        {"sku": f"D-{place}", "name": as_cell(name), "price_amount": "5", "price_modifier_amount": "-1.50"}
        for place, name in enumerate(DANGEROUS)
    ]
    assert counts(await load(api, company, as_csv(rows)))[0] == len(DANGEROUS)
    names = [row[0] for row in api.rows("select name from products where sku like 'D-%' order by sku")]
    assert names == DANGEROUS
    exported = await export(api, company)
    cells = {row["sku"]: row for row in csv.DictReader(io.StringIO(exported.decode(), newline=""))}
    for place, name in enumerate(DANGEROUS):
        assert cells[f"D-{place}"]["name"] == f"'{name}"
        assert cells[f"D-{place}"]["price_modifier_amount"] == "-1.500000"
    assert f'"\'{DANGEROUS[1]}"'.encode() in exported  # quoted; the number beside it is not
    assert b",-1.500000," in exported
    assert counts(await load(api, other, exported))[0] == len(DANGEROUS)
    found = api.rows(
        "select name from products where sku like 'D-%%' and company_id = %s order by sku", [other.id]
    )
    assert [row[0] for row in found] == DANGEROUS


async def test_both_formats_round_trip_everything(api: Api, two_companies: tuple[Company, Company]) -> None:
    company, other = two_companies
    await load(api, company, as_csv(SHIRT))
    for file_format in ("csv", "parquet"):
        content = await export(api, company, format=file_format)
        assert counts(await load(api, company, content)) == (0, 0, 3, 0)
    assert pq.read_table(io.BytesIO(content)).num_rows == 3
    assert counts(await load(api, other, content)) == (2, 0, 1, 0)
    columns = "sku, name, tags, images, specifications, options, price_amount, status"
    same = f"select {columns} from products where company_id = %s order by sku"
    assert api.rows(same, [company.id]) == api.rows(same, [other.id])


async def test_typed_parquet_is_read_too(api: Api, company: Company) -> None:
    table = pa.table(
        {
            "sku": ["P-1"], "name": ["P"], "price_amount": pa.array([Decimal("3.50")]),
            "is_featured": [True], "tags": [["a", "b"]], "display_order": [7],
        }
    )  # fmt: skip
    target = io.BytesIO()
    pq.write_table(table, target)
    assert counts(await load(api, company, target.getvalue())) == (1, 0, 0, 0)
    assert api.rows("select tags, is_featured, price_amount::text from products where sku = 'P-1'") == [
        (["a", "b"], True, "3.500000")
    ]


@pytest.mark.parametrize(
    "content", [b"", b"name\r\nx\r\n", b"sku,nonsense\r\n", b"PAR1nonsense", b"sku\r\n\xff\xfe", b'sku\r\n"a']
)
async def test_what_is_no_product_file_is_refused_whole(api: Api, company: Company, content: bytes) -> None:
    assert_problem(await load(api, company, content), 422, "unreadable_file")
    assert api.scalar("select count(*) from products") == 1


async def test_files_have_limits_of_size_and_rows(api: Api, company: Company) -> None:
    """Check 42: a million rows and 50 MB are refused, at once."""
    rows = b"sku\r\n" + b"\r\n".join(b"%d" % number for number in range(1_000_000))
    assert_problem(await load(api, company, rows), 422, "unreadable_file")
    assert_problem(await load(api, company, b"x" * 50_000_000), 413, "payload_too_large")
    headers = api.token("company_admin", company)
    assert_problem(await api.client.post(IMPORT, json={}, headers=headers), 415, "unsupported_media_type")
    other = await api.client.post(IMPORT, files={"other": b"x"}, headers=headers)
    assert {one["pointer"] for one in other.json()["errors"]} == {"/other", "/file"}


async def test_managers_load_their_shops_products_only(api: Api, company: Company) -> None:
    rows = [
        {"sku": "OURS", "name": "Ours", "price_amount": "1", "shop": "main"},
        {"sku": "ALL", "name": "All", "price_amount": "1", "shop": ""},
        {"sku": "SKU-1", "name": "Renamed", "price_amount": "1", "shop": ""},
    ]
    answer = await load(api, company, as_csv(rows), role="shop_manager")
    assert counts(answer) == (1, 0, 0, 2)
    assert api.rows("select name from products order by sku") == [("Ours",), ("Thing",)]
    assert (await load(api, company, as_csv(rows), role="shop_staff")).status_code == 403
    assert (await load(api, company, as_csv(rows), role="customer")).status_code == 403
    assert (await api.client.post(IMPORT, files={"file": b"sku"})).status_code == 401


def test_cells() -> None:
    for text in ("=1", "'=1", "''=1", "plain", "'Tis", "\tx", "a|b"):
        assert from_cell(str(as_cell(text))) == text
    assert len(set(FILE_COLUMNS)) == len(FILE_COLUMNS)
