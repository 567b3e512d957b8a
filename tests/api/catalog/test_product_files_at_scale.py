"""Product files and changes of many products at once: set by set, whatever the numbers in the statistics."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.catalog import transfer, transfer_sql
from api.catalog.transfer_columns import ImportRow
from api.catalog.transfer_files import CheckedRow
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from tests.support.api_client import Api
from tests.support.companies import Company

PRODUCTS = """
    insert into products (company_id, id, sku, slug, name, price_amount, cost_amount)
    select id, uuidv7(), 'P-' || number, 'p-' || number, 'P', number, 1
    from companies cross join generate_series(1, 3000) as number
"""
VARIANTS = """
    insert into variants (company_id, product_id, sku)
    select company_id, id, sku from products where sku like 'P-%'
"""


async def test_one_statement_writes_each_changed_price_and_cost_into_the_history(
    api: Api, company: Company
) -> None:
    with api.database.connect("owner") as owner:
        owner.execute("update products set price_amount = 1 where false")  # plans are made for none
        owner.execute(PRODUCTS)
        owner.execute(VARIANTS)
        assert owner.execute("select count(*) from price_history").fetchone() == (3001,)
        owner.execute("set statement_timeout = '20s'")
        owner.execute(
            "update products set"
            " price_amount = price_amount + case when price_amount <= 1000 then 1 else 0 end,"
            " cost_amount = case when price_amount > 2990 then null else cost_amount end where sku like 'P-%'"
        )
    prices = "select count(*), sum(unit_price_amount)::int from price_history"
    changed = "where variant_id in (select variant_id from price_history group by 1 having count(*) > 1)"
    assert api.rows(f"{prices} {changed}") == [(2000, sum(range(1, 1001)) + sum(range(2, 1002)))]
    assert api.rows(
        "select count(*) from cost_history where unit_cost_amount is null and variant_id in"
        " (select id from variants where sku like 'P-%')"
    ) == [(10,)]
    with api.database.connect("owner") as owner:
        owner.execute("update variants set cost_amount = 2 where sku in ('P-1', 'P-2')")
        owner.execute("update variants set cost_amount = 2 where sku in ('P-1', 'P-2')")
    assert api.scalar("select count(*) from cost_history where unit_cost_amount = 2") == 2


async def test_a_file_s_rows_are_compared_as_sets_also_by_a_company_new_to_the_statistics(
    api: Api, database: Database, company: Company
) -> None:
    """It seems to have one product: with loops each row of its file would read all that it has."""
    with api.database.connect("owner") as owner:
        owner.execute("analyze")
        owner.execute(PRODUCTS)
        owner.execute(VARIANTS)
    values: dict[str, Any] = {"company_id": company.id, "shop_ids": None}
    async with transaction(database, company_id=company.id) as connection:
        await connection.exec_driver_sql(transfer_sql.CREATE)
        await connection.exec_driver_sql(transfer_sql.JOIN_SETS)
        for statement in (transfer_sql.RESOLVE, transfer_sql.REFUSE, transfer_sql.UPDATE_PRODUCTS):
            told = {name: value for name, value in values.items() if f":{name}" in statement}
            rows = await connection.execute(sa.text(f"explain {statement}"), told)
            plan = "\n".join(rows.scalars())
            assert "Nested Loop" not in plan
            assert " on products other" not in plan
            assert "Hash" in plan or "Merge" in plan


async def test_what_a_batch_reads_does_not_grow_with_the_batches_before_it(
    api: Api, database: Database, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The company is new to the statistics, and the connection keeps its plans from batch to batch."""
    with api.database.connect("owner") as owner:
        owner.execute("analyze")
        for table in ("products", "variants", "search_products", "search_documents", "search_variants"):
            owner.execute(f"alter table {table} set (autovacuum_enabled = off)")
    monkeypatch.setattr(transfer, "FIRST_BATCH_ROWS", 100)
    monkeypatch.setattr(transfer, "BATCH_ROWS", 400)
    read: list[int] = []
    write = transfer._write

    async def counted(connection: AsyncConnection, scope: transfer.ImportScope) -> Any:
        written = await write(connection, scope)
        tuples = await connection.scalar(
            sa.text(
                "select sum(idx_tup_fetch + seq_tup_read)::bigint from pg_stat_xact_user_tables"
                " where relname in ('products', 'variants', 'categories', 'search_products')"
            )
        )
        read.append(int(tuples or 0))
        return written

    monkeypatch.setattr(transfer, "_write", counted)
    rows = (
        CheckedRow(line, ImportRow(sku=f"F-{line}", name="Fine", price_amount=Decimal(1), category="goods"))
        for line in range(2, 2502)
    )
    outcome = await transfer.import_products(database, rows, transfer.ImportScope(company.id))
    assert outcome.created_rows == 2500
    assert len(read) == 7
    # Each batch reads some rows for each that is there (66 were seen), never one for each pair of a row that
    # it writes and one that is there: that was 2 million here.
    assert max(read[1:]) < 150 * 2500, read
