"""The main job whole: an order becomes demand, a forecast, a proposal, a restock order, and stock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.commands import Home, open_home
from tests.support.companies import Company, add_company
from tests.support.visitors import PASSWORD, add_visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HISTORY_DAYS = 90
LEFT_UNITS = 20  # less than a week of the demand below
PACK_UNITS = 12
BUYER = "buyer@acme.example"
ADMIN = "admin@acme.example"


@dataclass(frozen=True)
class Shop:
    """A shop whose history says that it runs out, its API, and its database to check against."""

    home: Home
    company: Company
    client: httpx.Client

    @property
    def series_id(self) -> str:
        return f"{self.company.variant_id}|{self.company.location_id}"

    def token(self, email: str) -> dict[str, str]:
        answer = self.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return self._content(self.client.get(path, params=parameters, headers=self.token(ADMIN)), 200)

    def post(self, path: str, body: Any, *, email: str = ADMIN, status: int = 201) -> dict[str, Any]:
        headers = self.token(email) | {"Idempotency-Key": str(uuid4())}
        return self._content(self.client.post(path, json=body, headers=headers), status)

    def order(self, units: int) -> dict[str, Any]:
        lines = [{"sku": self.company.sku, "quantity_units": units}]
        return self.post("/api/v1/orders", {"shop_id": str(self.company.shop_id), "lines": lines})

    def run(self, *options: str) -> dict[str, Any]:
        done = self.home.run("run", "--json", *options)
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.home.database.connect("owner") as owner:
            return owner.execute(sql, vars(self.company)).fetchall()  # type: ignore[call-overload,no-any-return]

    def sales_by_day(self) -> list[tuple[str, int, int, str]]:
        """Sales of the last 28 days, from PostgreSQL alone."""
        found = self.rows(
            "select (placed_at at time zone 'UTC')::date::text, count(distinct orders.id),"
            " sum(quantity_units), sum(net_amount)::text"
            " from orders inner join order_lines on orders.id = order_id and orders.company_id = %(id)s"
            " where (placed_at at time zone 'UTC')::date > (now() at time zone 'UTC')::date - 28"
            " group by 1 order by 1"
        )
        return [(day, int(orders), int(units), amount) for day, orders, units, amount in found]

    def published_sales_by_day(self) -> list[tuple[str, int, int, str]]:
        return [
            (
                row["first_date"],
                *(row["values"][name] for name in ("orders_count", "units", "net_sales_amount")),
            )
            for row in self.get("/api/v1/analytics/sales")["rows"]
            if row["values"]["orders_count"]
        ]

    def stock(self) -> tuple[int, int]:
        ((on_hand, reserved),) = self.rows(
            "select on_hand_units, reserved_units from stock_levels where variant_id = %(variant_id)s"
        )
        return on_hand, reserved

    def published_stock(self) -> tuple[int, int]:
        (status,) = self.get("/api/v1/analytics/inventory")["statuses"]
        return status["on_hand_units"], status["reserved_units"]

    @staticmethod
    def _content(response: httpx.Response, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.text
        content: dict[str, Any] = response.json()
        return content


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Write the history by SQL and serve the API by its command."""
    with open_home() as home:
        with home.database.connect("owner") as owner:
            company = add_company(owner, "acme", on_hand_units=0)
            add_visitor(owner, BUYER, {company: "buyer"})
            add_visitor(owner, ADMIN, {company: "company_admin"})
            values = vars(company) | {"days": HISTORY_DAYS, "left": LEFT_UNITS, "pack": PACK_UNITS}
            with owner.transaction():
                for statement in _HISTORY:
                    owner.execute(statement, values)
        url = f"http://127.0.0.1:{home.settings.api_port}"
        with (
            home.serving("serve", address=f"{url}/health"),
            httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
        ):
            yield Shop(home, company, client)


def test_an_order_travels_the_whole_way(shop: Shop) -> None:
    shop.order(7)
    first = shop.run("--full")
    _sales_and_stock_are_published(shop)
    assert shop.published_sales_by_day()[-1][1:3] == (1, 7)
    assert shop.published_stock() == (LEFT_UNITS, 7)
    proposal = _the_plan_explains_itself(shop)
    order = _a_buyer_approves(shop, proposal)
    _goods_arrive(shop, order)
    shop.order(3)
    second = shop.run()
    assert (first["build_id"] is not None, second["build_id"] is not None) == (True, True)
    assert first["build_id"] != second["build_id"]
    _sales_and_stock_are_published(shop)
    assert shop.published_sales_by_day()[-1][1:3] == (2, 10)
    assert shop.published_stock() == (LEFT_UNITS + proposal["suggested_units"], 10)
    later = shop.get("/api/v1/plans/worklist")["items"]
    assert all(item["suggested_units"] < proposal["suggested_units"] for item in later)


def _sales_and_stock_are_published(shop: Shop) -> None:
    """Sales by day and stock are PostgreSQL's, to the cent and the unit."""
    assert shop.published_sales_by_day() == shop.sales_by_day()
    assert len(shop.published_sales_by_day()) == 28
    assert shop.published_stock() == shop.stock()


def _the_plan_explains_itself(shop: Shop) -> dict[str, Any]:
    (proposal,) = shop.get("/api/v1/plans/worklist")["items"]
    assert proposal["series_id"] == shop.series_id
    assert proposal["suggested_units"] > 0
    assert proposal["suggested_units"] % PACK_UNITS == 0
    assert sum(part["units"] for part in proposal["parts"]) == proposal["suggested_units"]
    item = shop.get(f"/api/v1/plans/items/{shop.series_id}")
    wanted = {day["demand_date"]: day["demand_units"] for day in item["demand"]}
    sold = {day: units for day, _, units, _ in shop.sales_by_day()}
    whole_days = sorted(sold.keys() & wanted.keys())
    assert len(whole_days) >= 27  # the running day is no day of demand yet
    assert {day: wanted[day] for day in whole_days} == {day: sold[day] for day in whole_days}
    assert all(day["p10_units"] <= day["p50_units"] <= day["p90_units"] for day in item["forecast"])
    # The history repeats 3, 4, 5 and 6 units: 4.5 a day.
    means = [day["mean_units"] for day in item["forecast"][:28]]
    assert 3.5 < sum(means) / len(means) < 5.5
    assert item["projection"][-1]["stock_p50_units"] == 0
    return proposal


def _a_buyer_approves(shop: Shop, proposal: dict[str, Any]) -> dict[str, Any]:
    body = {
        "plan_run_id": proposal["plan_run_id"],
        "items": [{"proposal_id": proposal["proposal_id"]}],
    }
    made = shop.post("/api/v1/plans/proposals/approve", body, email=BUYER, status=200)
    (line,) = made["lines"]
    assert line["outcome"] == "approved"
    stored = shop.rows(
        "select restock_number, status, ordered_units, unit_cost_amount::numeric(14, 2)::text"
        " from restock_orders inner join restock_order_lines on restock_orders.id = restock_order_id"
    )
    assert stored == [(line["restock_number"], "approved", proposal["suggested_units"], "6.00")]
    (shown,) = shop.get("/api/v1/plans/worklist")["items"]
    assert shown["decision"]["restock_number"] == line["restock_number"]
    return shop.get(f"/api/v1/restock-orders/{line['restock_order_id']}")


def _goods_arrive(shop: Shop, order: dict[str, Any]) -> None:
    path = f"/api/v1/restock-orders/{order['id']}"
    (line,) = order["lines"]
    before, _ = shop.stock()
    shop.post(f"{path}/send", {}, status=200)
    body = {"lines": [{"line_id": line["id"], "received_units": line["ordered_units"]}]}
    shop.post(f"{path}/receive", body, status=200)
    assert shop.stock()[0] == before + line["ordered_units"]


_HISTORY = (
    "update suppliers set quoted_lead_time_days = 5 where company_id = %(id)s",
    "update product_suppliers set moq_units = %(pack)s, pack_units = %(pack)s where company_id = %(id)s",
    "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason, occurred_at)"
    " select %(id)s, %(location_id)s, %(variant_id)s, %(left)s + sum(3 + days_ago %% 4), 'opening',"
    " now() - make_interval(days => %(days)s + 1) from generate_series(1, %(days)s) as days_ago",
    """
    with days as (
        select
            uuidv7() as order_id, 3 + days_ago %% 4 as units,
            now() - make_interval(days => days_ago) as placed_at
        from generate_series(1, %(days)s) as days_ago
    ),
    placed as (
        insert into orders (
            company_id, id, order_number, shop_id, customer_id, placed_by, status, currency,
            subtotal_amount, total_amount, placed_at
        )
        select
            %(id)s, order_id, 'OLD-' || order_id, %(shop_id)s, %(customer_id)s, 'customer', 'completed',
            'EUR', units * 10, units * 10, placed_at
        from days
    ),
    lines as (
        insert into order_lines (
            company_id, order_id, variant_id, line_number, sku, product_name, quantity_units,
            unit_price_amount, unit_cost_amount, line_amount, net_amount, tax_amount, gross_amount,
            fulfilled_units
        )
        select
            %(id)s, order_id, %(variant_id)s, 1, %(sku)s, 'Thing', units, 10, 6, units * 10, units * 10, 0,
            units * 10, units
        from days
    )
    insert into stock_ledger (
        company_id, location_id, variant_id, delta_units, reason, reference_type, reference_id, occurred_at
    )
    select %(id)s, %(location_id)s, %(variant_id)s, -units, 'sale', 'order', order_id, placed_at from days
    """,
)
