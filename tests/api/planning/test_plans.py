"""The worklist of the published plan, and what buyers decide on it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.published import RUN_ID, publish, small_plan


@pytest.fixture
async def planned(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> AsyncIterator[tuple[Api, Company, Company]]:
    """The API over a published plan with one proposal for each of two companies."""
    acme, bolt = two_companies
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    publish(settings, {acme: small_plan(acme), bolt: small_plan(bolt)})
    async with open_api(replace(fresh_database, settings=settings)) as api:
        yield api, acme, bolt


async def proposal_of(api: Api, company: Company) -> dict[str, Any]:
    answer = await api.client.get("/api/v1/plans/worklist", headers=api.token("buyer", company))
    assert answer.status_code == 200, answer.text
    (proposal,) = answer.json()["items"]
    found: dict[str, Any] = proposal
    return found


async def approve(
    api: Api,
    company: Company,
    proposal: dict[str, Any],
    *,
    limit: str | None = "1000",
    units: int | None = None,
    key: str | None = None,
) -> httpx.Response:
    item = {"proposal_id": proposal["proposal_id"]} | ({"decided_units": units} if units else {})
    token = api.token("buyer", company, approval_limit_amount=None if limit is None else Decimal(limit))
    return await api.client.post(
        "/api/v1/plans/proposals/approve",
        json={"plan_run_id": proposal["plan_run_id"], "items": [item]},
        headers=token | {"Idempotency-Key": key or str(uuid4())},
    )


async def test_a_suggestions_parts_add_up(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    assert sum(part["units"] for part in proposal["parts"]) == proposal["suggested_units"] == 24
    assert proposal["decision"] is None


async def test_an_approved_proposal_becomes_one_restock_order_and_shows_it(
    planned: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    answer = (await approve(api, acme, proposal)).json()
    (line,), (order,) = answer["lines"], answer["restock_orders"]
    assert (line["outcome"], order["status"], order["total_amount"]) == ("approved", "approved", "144.00")
    written = api.rows(
        "select status, source, plan_run_id, ordered_units, proposal_id::text from restock_orders"
        " join restock_order_lines on restock_order_id = restock_orders.id"
    )
    assert written == [("approved", "plan", RUN_ID, 24, proposal["proposal_id"])]
    shown = await proposal_of(api, acme)
    assert shown["decision"]["restock_number"] == order["restock_number"]
    assert shown["decision"]["decided_units"] == 24


async def test_approving_twice_orders_once(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    key = str(uuid4())
    first, repeated = await approve(api, acme, proposal, key=key), await approve(api, acme, proposal, key=key)
    assert first.content == repeated.content
    another = (await approve(api, acme, proposal)).json()
    assert another["lines"][0]["outcome"] == "already_decided"
    assert another["lines"][0]["restock_number"] == first.json()["restock_orders"][0]["restock_number"]
    assert api.scalar("select count(*) from restock_orders") == 1


async def test_many_buyers_at_once_order_once(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    answers = await asyncio.gather(*(approve(api, acme, proposal) for _ in range(8)))
    outcomes = sorted(answer.json()["lines"][0]["outcome"] for answer in answers)
    assert outcomes == ["already_decided"] * 7 + ["approved"]
    assert api.scalar("select count(*) from restock_orders") == 1
    assert api.scalar("select count(*) from plan_decisions") == 1


async def test_a_plan_of_a_newer_build_does_not_order_again(
    planned: tuple[Api, Company, Company], fresh_database: FreshDatabase
) -> None:
    """A run that pulled before the approval and published after it knows nothing of the order."""
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    await approve(api, acme, proposal)
    tables = small_plan(acme)
    tables["srv_restock_worklist"] = [{**row, "run_id": "run-2"} for row in tables["srv_restock_worklist"]]
    publish(api.app.state.settings, {acme: tables}, build_id="build-2")
    newer = await proposal_of(api, acme)
    assert newer["plan_run_id"] == "run-2"
    assert newer["decision"]["decision"] == "approved"
    answer = (await approve(api, acme, newer)).json()
    assert answer["lines"][0]["outcome"] == "already_decided"
    problem = assert_problem(await approve(api, acme, proposal), 409, "plan_superseded")
    assert problem["plan_run_id"] == "run-2"
    assert api.scalar("select count(*) from restock_orders") == 1


async def test_above_the_limit_an_order_waits_as_a_draft(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    answer = (await approve(api, acme, proposal, limit="143.99")).json()
    assert (answer["lines"][0]["outcome"], answer["restock_orders"][0]["status"]) == ("approved", "draft")


async def test_a_buyers_own_quantity_is_ordered_and_kept_beside_the_suggestion(
    planned: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = planned
    await approve(api, acme, await proposal_of(api, acme), units=30)
    assert api.rows("select suggested_units, decided_units from plan_decisions") == [(24, 30)]


async def test_a_quantity_that_the_supplier_refuses_orders_nothing(
    planned: tuple[Api, Company, Company],
) -> None:
    api, acme, _ = planned
    api.rows("update product_suppliers set pack_units = 6 where company_id = %s returning id", [acme.id])
    answer = (await approve(api, acme, await proposal_of(api, acme), units=25)).json()
    assert answer["lines"][0]["outcome"] == "refused"
    assert "packs of 6" in answer["lines"][0]["detail"]
    assert api.scalar("select count(*) from restock_orders") == 0
    assert api.scalar("select count(*) from plan_decisions") == 0


async def test_another_companys_proposal_is_unknown(planned: tuple[Api, Company, Company]) -> None:
    api, acme, bolt = planned
    foreign = await proposal_of(api, bolt)
    answer = (await approve(api, acme, foreign)).json()
    assert answer["lines"][0]["outcome"] == "unknown_proposal"
    item = f"/api/v1/plans/items/{foreign['series_id']}"
    assert_problem(await api.client.get(item, headers=api.token("buyer", acme)), 404, "not_found")
    assert api.scalar("select count(*) from restock_orders") == 0


async def test_a_dismissed_proposal_keeps_its_reason(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    body = {
        "plan_run_id": RUN_ID, "proposal_ids": [proposal["proposal_id"]], "reason": "discontinued soon"
    }  # fmt: skip
    answer = await api.client.post(
        "/api/v1/plans/proposals/dismiss",
        json=body,
        headers=api.token("buyer", acme) | {"Idempotency-Key": str(uuid4())},
    )
    assert answer.json()["lines"][0]["outcome"] == "dismissed"
    assert (await approve(api, acme, proposal)).json()["lines"][0]["outcome"] == "already_decided"
    assert api.rows("select decision, reason from plan_decisions") == [("dismissed", "discontinued soon")]


async def test_a_cancelled_order_leaves_its_item_open_again(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    order = (await approve(api, acme, proposal)).json()["restock_orders"][0]
    cancelled = await api.client.post(
        f"/api/v1/restock-orders/{order['id']}/cancel",
        json={"reason": "too many"},
        headers=api.token("buyer", acme) | {"Idempotency-Key": str(uuid4())},
    )
    assert cancelled.status_code == 200, cancelled.text
    assert (await approve(api, acme, proposal)).json()["lines"][0]["outcome"] == "approved"


async def test_an_item_explains_itself(planned: tuple[Api, Company, Company]) -> None:
    api, acme, _ = planned
    proposal = await proposal_of(api, acme)
    item = (
        await api.client.get(f"/api/v1/plans/items/{proposal['series_id']}", headers=api.token("buyer", acme))
    ).json()
    assert [row["demand_units"] for row in item["demand"]] == list(range(1, 21))
    assert [row["is_out_of_stock"] for row in item["demand"]].index(True) == 2
    assert len(item["forecast"]) == len(item["projection"]) == 14
    assert item["build"]["age_seconds"] >= 299


async def test_without_a_build_the_answer_says_what_to_do(
    fresh_database: FreshDatabase, two_companies: tuple[Company, Company], tmp_path: Path
) -> None:
    settings = fresh_database.settings.model_copy(update={"home": tmp_path})
    async with open_api(replace(fresh_database, settings=settings)) as api:
        for path in ("plans/worklist", "analytics/inventory"):
            answer = await api.client.get(f"/api/v1/{path}", headers=api.token("buyer", two_companies[0]))
            assert_problem(answer, 503, "nothing_published")
