"""Reports through the API: saved, made, downloaded; in nobody's hands who may not see their rows."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from api.reports import queries
from api.reports.making import see_to_reports
from api.reports.rules import CLAIM
from api.retention import purge
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import utc_now
from tests.api.reports.conftest import DEFINITIONS, REPORTS, WEEK, Reporting
from tests.support.api_client import assert_problem
from tests.support.visitors import add_visitor

BY_SHOP = {"report": "sales-by-shop", "period": WEEK}
BY_DAY_AND_SHOP = {"measures": ["net_sales_amount"], "dimensions": ["day", "shop"], "period": WEEK}


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_small_report_is_there_at_once_with_its_build_and_who_asked(reporting: Reporting) -> None:
    answer = await reporting.post(REPORTS, {"question": BY_SHOP}, reporting.admin())
    made = answer.json()

    assert (answer.status_code, made["status"]) == (201, "succeeded"), answer.text
    assert (made["row_count"], made["build_id"]) == (2, "build-1")
    assert made["requested_by"] == str(reporting.acme.admin_user_id)
    assert (made["first_date"], made["last_date"]) == ("2026-11-14", "2026-11-20")
    file = await reporting.get(made["file_url"], reporting.admin())
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert (
        file.headers["content-disposition"]
        == 'attachment; filename="sales-by-shop-2026-11-14-to-2026-11-20.csv"'
    )
    # 14 + … + 20 = 119 units for 10.00 in the first shop, twice as much in the second.
    assert [(row["shop_name"], row["net_sales_amount"]) for row in rows_of(file)] == [
        ("'=Second shop", "2380.00"),
        ("Main shop", "1190.00"),
    ]


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "pdf", "json"])
async def test_each_format_is_downloaded_as_what_it_is(reporting: Reporting, kind: str) -> None:
    made = (
        await reporting.post(REPORTS, {"question": {"report": "sales"}, "format": kind}, reporting.admin())
    ).json()
    file = await reporting.get(made["file_url"], reporting.admin())

    starts = {"csv": b"day,", "parquet": b"PAR1", "xlsx": b"PK", "pdf": b"%PDF-", "json": b"{"}
    assert file.content.startswith(starts[kind])
    assert len(file.content) == made["size_bytes"]


async def test_the_same_key_makes_one_report(reporting: Reporting) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await reporting.post(REPORTS, {"question": BY_SHOP}, reporting.admin(), **key)
    again = await reporting.post(REPORTS, {"question": BY_SHOP}, reporting.admin(), **key)

    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert again.status_code == first.status_code == 201
    assert reporting.api.scalar("select count(*) from report_runs") == 1
    other = await reporting.post(REPORTS, {"question": {"report": "margin"}}, reporting.admin(), **key)
    assert_problem(other, 422, "idempotency_key_reused")


async def test_a_saved_report_moves_with_the_data_and_keeps_what_was_made(reporting: Reporting) -> None:
    admin = reporting.admin()
    body = {
        "name": "Last month",
        "question": {**BY_SHOP, "period": {"kind": "month_to_date"}},
        "format": "json",
    }
    saved = await reporting.post(DEFINITIONS, body, admin)
    assert saved.status_code == 201, saved.text
    address = f"{DEFINITIONS}/{saved.json()['id']}"
    made = (await reporting.post(REPORTS, {"definition_id": saved.json()["id"]}, admin)).json()
    assert (made["title"], made["format"]) == ("Last month", "json")
    assert (made["first_date"], made["last_date"]) == ("2026-11-01", "2026-11-20")
    told = json.loads((await reporting.get(made["file_url"], admin)).content)
    assert told["tables"][0]["totals"]["net_sales_amount"] == "6300.00"

    etag = (await reporting.get(address, admin)).headers["etag"]
    change = {"question": {"report": "margin"}}
    assert_problem(
        await reporting.api.client.patch(address, json=change, headers=admin), 428, "version_required"
    )
    changed = await reporting.api.client.patch(address, json=change, headers=admin | {"If-Match": etag})
    assert changed.json()["question"]["report"] == "margin"
    stale = await reporting.api.client.patch(address, json=change, headers=admin | {"If-Match": etag})
    assert_problem(stale, 412, "stale_version")
    assert (await reporting.get(made["status_url"], admin)).json()["question"]["report"] == "sales-by-shop"
    listed = (await reporting.get(f"{REPORTS}?definition_id={saved.json()['id']}", admin)).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    gone = await reporting.api.client.delete(address, headers=admin | {"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204
    assert_problem(await reporting.get(address, admin), 404, "not_found")
    assert (await reporting.get(DEFINITIONS, admin)).json()["items"] == []


async def test_a_shared_report_is_made_with_its_readers_rights(reporting: Reporting) -> None:
    admin, acme = reporting.admin(), reporting.acme
    manager = reporting.manager(acme.shop_id, user_id=uuid4())
    private = (await reporting.post(DEFINITIONS, {"name": "Mine", "question": BY_SHOP}, admin)).json()
    shared = (
        await reporting.post(
            DEFINITIONS, {"name": "Ours", "question": BY_DAY_AND_SHOP, "is_shared": True}, admin
        )
    ).json()
    listed = (await reporting.get(DEFINITIONS, manager)).json()["items"]
    assert [(one["name"], one["is_own"]) for one in listed] == [("Ours", False)]
    refused = await reporting.post(REPORTS, {"definition_id": private["id"]}, manager)
    assert_problem(refused, 404, "not_found")
    made = (await reporting.post(REPORTS, {"definition_id": shared["id"]}, manager)).json()
    rows = rows_of(await reporting.get(made["file_url"], manager))
    assert {row["shop_name"] for row in rows} == {"Main shop"}
    address = f"{DEFINITIONS}/{shared['id']}"
    forbidden = await reporting.api.client.patch(
        address, json={"name": "Theirs"}, headers=manager | {"If-Match": "*"}
    )
    assert_problem(forbidden, 403, "forbidden")


async def test_a_shop_manager_never_gets_another_shops_rows(reporting: Reporting) -> None:
    acme = reporting.acme
    manager_id = uuid4()
    manager = reporting.manager(acme.shop_id, user_id=manager_id)
    asked = {**BY_SHOP, "filters": {"shop_ids": [str(reporting.second_shop_id)]}}
    refused = await reporting.post(REPORTS, {"question": asked}, manager)
    problem = assert_problem(refused, 403, "forbidden")
    assert [one["pointer"] for one in problem["errors"]] == ["/question/filters/shop_ids"]

    of_all = (await reporting.post(REPORTS, {"question": BY_SHOP}, reporting.admin())).json()
    for path in (of_all["status_url"], of_all["file_url"]):
        assert_problem(await reporting.get(path, manager), 403, "forbidden")
    own = (await reporting.post(REPORTS, {"question": BY_SHOP}, manager)).json()
    assert [row["shop_name"] for row in rows_of(await reporting.get(own["file_url"], manager))] == [
        "Main shop"
    ]
    assert [one["id"] for one in (await reporting.get(REPORTS, manager)).json()["items"]] == [own["id"]]
    colleague = reporting.manager(acme.shop_id, user_id=uuid4())
    assert_problem(await reporting.get(own["file_url"], colleague), 403, "forbidden")
    moved = reporting.manager(reporting.second_shop_id, user_id=manager_id)
    assert_problem(await reporting.get(own["file_url"], moved), 403, "forbidden")


@pytest.mark.parametrize("name", ["clv", "top-customers", "basket-pairs"])
async def test_reports_on_the_whole_company_are_not_for_shop_roles(reporting: Reporting, name: str) -> None:
    refused = await reporting.post(
        REPORTS, {"question": {"report": name}}, reporting.manager(reporting.acme.shop_id)
    )
    assert_problem(refused, 403, "forbidden")
    made = await reporting.post(REPORTS, {"question": {"report": name}}, reporting.admin())
    assert made.status_code == 201, made.text


async def test_another_companys_reports_are_not_there(reporting: Reporting) -> None:
    made = (await reporting.post(REPORTS, {"question": BY_SHOP}, reporting.admin())).json()
    stranger = reporting.admin(reporting.bolt)
    for path in (made["status_url"], made["file_url"]):
        assert_problem(await reporting.get(path, stranger), 404, "not_found")
    assert (await reporting.get(REPORTS, stranger)).json()["items"] == []


@pytest.mark.parametrize(
    ("question", "code", "pointer"),
    [
        ({"report": "nothing"}, "unknown_report", "/question/report"),
        ({"measures": ["bogus"]}, "unanswerable_report", "/question/measures"),
        (
            {"measures": ["orders_count"], "dimensions": ["product"]},
            "unanswerable_report",
            "/question/dimensions",
        ),
        ({"report": "sales-by-shop", "by": "day"}, "unanswerable_report", "/question/report"),
        ({}, "unanswerable_report", "/question/report"),
        ({"report": "sales", "measures": ["units"] * 21}, "invalid_content", "/question/measures"),
        ({"report": "sales", "limit": 200_001}, "invalid_content", "/question/limit"),
        ({"report": "sales", "limit": True}, "invalid_content", "/question/limit"),
        ({"report": "sales", "period": {"kind": "fixed"}}, "invalid_content", "/question/period"),
        (
            {
                "period": {"kind": "fixed", "first_date": "2026-11-20", "last_date": "2026-11-14"},
                "report": "sales",
            },
            "invalid_content",
            "/question/period",
        ),
        (
            {
                "period": {"kind": "fixed", "first_date": "1960-01-01", "last_date": "1960-01-02"},
                "report": "sales",
            },
            "invalid_content",
            "/question/period",
        ),
        (
            {"report": "sales", "filters": {"category_ids": [str(uuid4())]}},
            "unknown_reference",
            "/question/filters/category_ids/0",
        ),
        ({"report": "sales", "sql": "drop"}, "invalid_content", "/question/sql"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_a_pointer(
    reporting: Reporting, question: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await reporting.post(REPORTS, {"question": question}, reporting.admin())
    problem = assert_problem(answer, 422, code)
    if question == {"measures": ["bogus"]}:
        assert [one["code"] for one in problem["errors"]] == ["unknown_measure"]
    assert pointer in [one["pointer"] for one in problem["errors"]]
    assert reporting.api.scalar("select count(*) from report_runs") == 0


async def test_nothing_published_makes_nothing(reporting: Reporting) -> None:
    (reporting.api.app.state.settings.published_folder / "current").unlink()
    answer = await reporting.post(REPORTS, {"question": BY_SHOP}, reporting.admin())
    assert_problem(answer, 503, "nothing_published")
    assert reporting.api.scalar("select count(*) from report_runs") == 0


async def test_a_large_report_is_made_by_the_worker(
    reporting: Reporting, database: Database, small: Callable[[int], None]
) -> None:
    small(5)
    admin, settings = reporting.admin(), reporting.api.app.state.settings
    answer = await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, admin)
    queued = answer.json()
    assert (answer.status_code, queued["status"], queued["file_url"]) == (202, "queued", None)
    assert_problem(await reporting.get(f"{queued['status_url']}/file", admin), 409, "report_not_ready")
    assert await see_to_reports(database, settings, clock=utc_now) == 1
    made = (await reporting.get(queued["status_url"], admin)).json()
    assert (made["status"], made["row_count"], made["build_id"]) == ("succeeded", 14, "build-1")
    assert len(rows_of(await reporting.get(made["file_url"], admin))) == 14
    assert await see_to_reports(database, settings, clock=utc_now) == 0


async def test_twins_of_the_worker_take_a_report_once_and_only_the_last_to_take_it_ends_it(
    reporting: Reporting, database: Database, small: Callable[[int], None]
) -> None:
    small(5)
    company_id, now = reporting.acme.id, datetime.now(UTC)
    await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, reporting.admin())

    async def claim(connection: AsyncConnection, *, at: datetime) -> queries.Row | None:
        taking = queries.claim_run(connection, company_id, at=at, until=at + CLAIM)
        return await asyncio.wait_for(taking, timeout=5)

    async with transaction(database, company_id=company_id) as connection:
        first = await claim(connection, at=now)
        async with transaction(database, company_id=company_id) as twin:
            assert await claim(twin, at=now) is None
    assert first is not None
    ended = {"status": "failed", "error_code": "x", "error_detail": "x", "finished_at": now}
    async with transaction(database, company_id=company_id) as connection:
        assert await claim(connection, at=now + CLAIM) is None
        later = await claim(connection, at=now + CLAIM + timedelta(seconds=1))
        assert later is not None
        assert (later["id"], first["tries"], later["tries"]) == (first["id"], 1, 2)
        assert not await queries.finish_run(connection, first, ended)
        assert await queries.finish_run(connection, later, ended)


async def test_who_lost_a_shop_before_the_worker_came_gets_none_of_it(
    reporting: Reporting, database: Database, small: Callable[[int], None]
) -> None:
    small(5)
    acme, settings = reporting.acme, reporting.api.app.state.settings
    with reporting.api.database.connect("owner") as owner:
        user_id = add_visitor(owner, "manager@acme.example", {acme: "shop_manager"})
    both = reporting.manager(acme.shop_id, reporting.second_shop_id, user_id=user_id)
    queued = (await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, both)).json()
    await see_to_reports(database, settings, clock=utc_now)
    # Their membership names the first shop alone: what the token said meanwhile does not count.
    made = (await reporting.get(queued["status_url"], both)).json()
    assert (made["status"], made["row_count"]) == ("succeeded", 7)
    second = (await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, both)).json()
    with reporting.api.database.connect("owner") as owner:
        owner.execute("delete from membership_shops where company_id = %s", [acme.id])
        owner.execute("delete from memberships where user_id = %s", [user_id])
    await see_to_reports(database, settings, clock=utc_now)
    failed = (await reporting.get(second["status_url"], both)).json()
    assert (failed["status"], failed["error_code"]) == ("failed", "forbidden")
    assert_problem(await reporting.get(f"{second['status_url']}/file", both), 409, "report_failed")


async def test_a_report_that_never_ends_is_failed_after_some_tries(
    reporting: Reporting, database: Database, small: Callable[[int], None]
) -> None:
    small(5)
    admin, settings = reporting.admin(), reporting.api.app.state.settings
    queued = (await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, admin)).json()
    with reporting.api.database.connect("owner") as owner:
        owner.execute("update report_runs set status = 'running', tries = 3, claimed_until = now()")
    assert await see_to_reports(database, settings, clock=utc_now) == 1
    failed = (await reporting.get(queued["status_url"], admin)).json()
    assert (failed["status"], failed["error_code"]) == ("failed", "report_interrupted")
    assert await see_to_reports(database, settings, clock=utc_now) == 0


async def test_files_go_after_some_days_and_the_report_says_so(
    reporting: Reporting, database: Database
) -> None:
    admin, settings = reporting.admin(), reporting.api.app.state.settings
    made, younger = [(await reporting.post(REPORTS, {"question": BY_SHOP}, admin)).json() for _ in "12"]
    with reporting.api.database.connect("owner") as owner:
        postpone = "update report_runs set expires_at = expires_at + interval '1 day' where id = %s"
        owner.execute(postpone, [younger["id"]])
    folder = Path(settings.home) / "media" / "reports"
    assert len([file for file in folder.rglob("*") if file.is_file()]) == 2
    later = datetime.now(UTC) + timedelta(days=6, hours=23)
    assert await see_to_reports(database, settings, clock=lambda: later) == 0
    assert await see_to_reports(database, settings, clock=lambda: later + timedelta(hours=2)) == 1
    assert (await reporting.get(younger["file_url"], admin)).status_code == 200
    assert (await reporting.get(made["status_url"], admin)).json()["status"] == "expired"
    assert_problem(await reporting.get(made["file_url"], admin), 410, "report_expired")
    assert await see_to_reports(database, settings, clock=lambda: later + timedelta(hours=3)) == 0


async def test_that_a_report_was_made_is_forgotten_when_it_is_old_over_and_without_a_file(
    reporting: Reporting, database: Database
) -> None:
    """Of four, one is young, one has its file, one is at work."""
    admin, settings = reporting.admin(), reporting.api.app.state.settings
    ids = [(await reporting.post(REPORTS, {"question": BY_SHOP}, admin)).json()["id"] for _ in "1234"]
    gone, young, with_file, at_work = ids
    with reporting.api.database.connect("owner") as owner:
        for change, changed in (
            ("created_at = created_at - interval '2 days'", [gone, with_file, at_work]),
            ("storage_key = null, status = 'expired'", [gone, young]),
            ("storage_key = null, status = 'running'", [at_work]),
        ):
            owner.execute(f"update report_runs set {change} where id = any(%s)", [changed])
    await purge(database, settings, now=datetime.now(UTC) + timedelta(days=399))
    kept = {str(found) for (found,) in reporting.api.rows("select id from report_runs")}
    assert kept == {young, with_file, at_work}


async def test_too_many_waiting_reports_are_refused(
    reporting: Reporting, small: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.reports import service

    small(5)
    monkeypatch.setattr(service, "MOST_WAITING", 1)
    admin = reporting.admin()
    assert (await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, admin)).status_code == 202
    refused = await reporting.post(REPORTS, {"question": BY_DAY_AND_SHOP}, admin)
    assert_problem(refused, 409, "too_many_reports")


async def test_the_catalogue_names_every_report(reporting: Reporting) -> None:
    listed = (await reporting.get(f"{REPORTS}/catalogue", reporting.admin())).json()
    assert {"sales", "custom"} <= {one["name"] for one in listed["reports"]}
    assert listed["formats"] == ["csv", "parquet", "xlsx", "pdf", "json"]
