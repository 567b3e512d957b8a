"""Who was erased leaves the lake's files with the next pull, and was never in what is built from them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from core.lake import commit_manifest, raw_folder
from core.settings import load_settings
from pipelines.feed.catalogue import UNFED_COLUMNS
from pipelines.feed.forgetting import PERSONAL_TABLES
from tests.support.api_client import Api, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.feeds import Connection, Lake, expected_totals, write_order
from tests.support.home_search import files_with
from tests.support.kill_points import run_until_killed
from tests.support.people import add_person, decisions
from tests.support.rounds import make_small_shops

NAME, GUEST = "zebulon", "guinevere"


@pytest.fixture
async def api(fresh_database: FreshDatabase) -> AsyncIterator[Api]:
    async with open_api(fresh_database) as opened:
        yield opened


@pytest.fixture
def owner(fresh_database: FreshDatabase) -> Iterator[Connection]:
    with fresh_database.connect("owner") as connection:
        yield connection


async def erase(api: Api, company: Company, **who: str) -> None:
    headers = {"Idempotency-Key": str(uuid4()), **api.token("company_admin", company)}
    answer = await api.client.post("/api/v1/customers/erasures", json=who, headers=headers)
    assert answer.status_code == 200, answer.text


def tables_with(lake: Lake, *words: str) -> set[str]:
    return {Path(name).parts[2] for name in files_with(lake.settings.home, words)}


def touch(owner: Connection, ids: dict[str, UUID]) -> None:
    """Change rows of the person, so that the lake has several versions of them in several files."""
    owner.execute("update customers set phone = '1' where id = %s", [ids["customers"]])
    owner.execute("update orders set updated_at = now() where id = %s", [ids["orders"]])


def test_the_tables_that_forget_are_those_with_erased_columns(lake: Lake) -> None:
    lake.pull()
    fed = {table.name for table in lake.manifest.tables}
    erased = {table for (table, _), decision in decisions().items() if decision in ("erased", "deleted")}
    assert set(PERSONAL_TABLES) == erased & fed
    assert "document" not in {column.name for column in lake.table("invoices").columns}
    assert UNFED_COLUMNS == ("invoices.document",)


async def test_an_erased_customer_leaves_every_segment_with_the_next_pull(
    lake: Lake, api: Api, owner: Connection, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    ids = add_person(owner, acme, NAME)
    add_person(owner, bolt, "yolanda")
    lake.pull()
    touch(owner, ids)
    lake.pull()
    named = set(PERSONAL_TABLES) - {"saved_items"}  # a guest's token names nobody
    assert tables_with(lake, NAME) == named
    ledger = lake.table("stock_ledger")

    await erase(api, acme, customer_id=str(ids["customers"]))
    lake.pull()

    assert files_with(lake.settings.home, (NAME,)) == set()
    assert tables_with(lake, "yolanda") == named
    assert lake.table("stock_ledger") == ledger
    assert lake.manifest.forgetting == ()
    assert lake.totals() == expected_totals(lake.manifest)


async def test_a_pull_that_is_killed_before_it_forgot_is_followed_by_one_that_does(
    lake: Lake, api: Api, owner: Connection, company: Company
) -> None:
    ids = add_person(owner, company, NAME)
    lake.pull()
    await erase(api, company, customer_id=str(ids["customers"]))
    run_until_killed("pull", "committed", str(lake.settings.home), lake.dsn)
    assert lake.manifest.forgetting == (str(company.id),)
    assert tables_with(lake, NAME)
    lake.pull()
    assert files_with(lake.settings.home, (NAME,)) == set()


async def test_a_guest_who_was_erased_leaves_too(
    lake: Lake, api: Api, owner: Connection, company: Company
) -> None:
    """Nobody's account: an order names them, and an event of the company says that they were erased."""
    order = write_order(owner, company)
    change = "update orders set email = %s, status = 'cancelled', cancelled_at = now() where id = %s"
    owner.execute(change, [f"{GUEST}@example.com", order])
    lake.pull()
    assert tables_with(lake, GUEST) == {"orders"}
    await erase(api, company, email=f"{GUEST}@example.com")
    lake.pull()
    assert files_with(lake.settings.home, (GUEST,)) == set()


def test_a_lake_that_still_has_a_column_that_is_never_read_now_is_rid_of_it(
    lake: Lake, fresh_database: FreshDatabase, company: Company
) -> None:
    """As an earlier release left it."""
    lake.pull()
    manifest = lake.manifest
    invoices = lake.table("invoices")
    column = invoices.columns[0].model_copy(update={"name": "document", "postgres_type": "jsonb"})
    older = invoices.model_copy(update={"columns": (*invoices.columns, column)})
    tables = tuple(older if table.name == "invoices" else table for table in manifest.tables)
    commit_manifest(lake.settings, manifest.model_copy(update={"tables": tables}))
    lake.pull()
    assert lake.table("invoices").columns == invoices.columns
    assert not (raw_folder(lake.settings) / invoices.segments[0].file).exists()


@pytest.mark.slow
async def test_no_file_under_the_home_names_an_erased_person_after_the_next_round(
    fresh_database: FreshDatabase, tmp_path: Path, api: Api
) -> None:
    """Check 49: the warehouse, the published builds and the logs never did; the lake does not any more."""
    shops = make_small_shops(fresh_database, load_settings({"home": tmp_path / "home"}))
    words = (NAME, "Quillfeather", GUEST)
    with fresh_database.connect("owner") as owner:
        _name(owner, shops.acme.customer_id)
        owner.execute(
            "update orders set customer_id = null, email = %s"
            " where id = (select id from orders where company_id = %s order by placed_at limit 1)",
            [f"{GUEST}@example.com", shops.bolt.id],
        )
    assert shops.run().ok
    assert {Path(name).parts[:3] for name in files_with(shops.settings.home, words)} == {
        ("lake", "raw", "customers"),
        ("lake", "raw", "orders"),
    }

    await erase(api, shops.acme, customer_id=str(shops.acme.customer_id))
    await erase(api, shops.bolt, email=f"{GUEST}@example.com")
    result = shops.run()

    assert result.ok, result.reason
    assert files_with(shops.settings.home, words) == set()


def _name(owner: psycopg.Connection[tuple[object, ...]], customer_id: UUID) -> None:
    owner.execute(
        "update customers set email = %s, first_name = %s, last_name = 'Quillfeather' where id = %s",
        [f"{NAME}@example.com", NAME, customer_id],
    )
    owner.execute(
        "update orders set email = %s, shipping_address = %s where customer_id = %s",
        [f"{NAME}@example.com", f'{{"full_name": "{NAME} Quillfeather", "country": "DE"}}', customer_id],
    )
