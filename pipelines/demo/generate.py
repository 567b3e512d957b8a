"""Make the demo: three companies with two years of history, once per database."""

from datetime import UTC, date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from core.errors import StockwiseError
from core.postgres.connect import Connection, connect, tenant_transaction
from core.postgres.ready import open_ready_server
from core.progress import Progress, SilentProgress, Step
from core.settings import Settings
from pipelines.demo.assortment import list_variants
from pipelines.demo.baskets import draw_customers, fill_baskets
from pipelines.demo.catalogue import CompanyPlan, load_companies
from pipelines.demo.clock import LocalClock
from pipelines.demo.demand import draw_demand
from pipelines.demo.master_rows import DEMO_EPOCH_MS, MasterRows
from pipelines.demo.order_rows import OrderRows
from pipelines.demo.people import (
    add_memberships,
    create_super_admin,
    create_user,
    grant_super_admin,
    logins,
    staff_of,
)
from pipelines.demo.prices import plan_prices
from pipelines.demo.report import DemoReport
from pipelines.demo.simulate import simulate
from pipelines.demo.stock_rows import StockRows
from pipelines.demo.story import describe_company, tell_story
from pipelines.imports.bulk import insert_frame
from pipelines.imports.document_numbers import take_document_numbers
from pipelines.imports.stable_ids import stable_id

HISTORY_DAYS = 730
DEFAULT_SEED = 7
_NUMBERED: dict[str, tuple[str, Literal["ORD", "RO"], str]] = {
    "orders": ("order_number", "ORD", "placed_at"),
    "restock_orders": ("restock_number", "RO", "created_at"),
}


class DemoRefusedError(StockwiseError):
    """The demo's passwords are public, so it is not made where that matters."""


def default_as_of(plan: CompanyPlan, now: datetime) -> date:
    """Return the day that it is where a company lives; its history ends with the day before."""
    return now.astimezone(ZoneInfo(plan.timezone)).date()


def generate(
    settings: Settings,
    *,
    seed: int = DEFAULT_SEED,
    as_of: date | None = None,
    progress: Progress | None = None,
) -> DemoReport:
    """Make the demo companies unless they are there, and tell what there is to see.

    Parameters
    ----------
    seed : int, default=7
        The same seed and day give the same companies.
    as_of : date, optional
        The day after the last day of the history; each company's own today, if not given.

    Raises
    ------
    DemoRefusedError
        In production.
    """
    if settings.environment == "production":
        raise DemoRefusedError(
            "The demo has public passwords and is not made in production.",
            hint="Unset STOCKWISE_ENV to try it, with another STOCKWISE_HOME or DATABASE_URL.",
        )
    with open_ready_server(settings) as server, connect(server.dsn("app")) as connection:
        was_there = has_demo(connection)
        if not was_there:
            now = datetime.now(tz=UTC)
            write_demo(connection, seed=seed, as_of=as_of, now=now, progress=progress or SilentProgress())
        with connection.transaction():
            super_admin_id = create_super_admin(connection)
        with connect(server.dsn("owner"), autocommit=True) as owner:
            grant_super_admin(owner, super_admin_id)
            if not was_there:
                owner.execute("analyze")  # else the first queries guess at empty tables
        return read_report(connection, was_there=was_there)


def has_demo(connection: Connection) -> bool:
    """Tell whether the demo's companies are there; they are written all together or not at all."""
    company_id = demo_company_id(load_companies()[0])
    with tenant_transaction(connection, UUID(company_id)):
        return connection.execute("select from companies").fetchone() is not None


def write_demo(
    connection: Connection, *, seed: int, as_of: date | None, now: datetime, progress: Progress
) -> None:
    """Write all companies in one transaction of the application's role."""
    with connection.transaction():
        connection.execute("set local idle_in_transaction_session_timeout = 0")  # rows are built in between
        for plan in load_companies():
            with progress.step(f"Making {plan.name}") as step:
                day = as_of or default_as_of(plan, now)
                write_company(connection, plan, seed=seed, as_of=day, step=step)


def write_company(connection: Connection, plan: CompanyPlan, *, seed: int, as_of: date, step: Step) -> None:
    """Write one company's two years, in the caller's transaction."""
    tables = build_tables(plan, seed=seed, as_of=as_of)
    company_id = demo_company_id(plan)
    with tenant_transaction(connection, UUID(company_id)):
        first_moment = next(frame["created_at"].min() for table, frame in tables if table == "shops")
        _insert_company(connection, plan, company_id, first_moment)
        for table, frame in tables:
            _insert(connection, plan, company_id, table, frame)
            step.advance(frame.height)
        _reserve(connection)
        shop_ids = next(frame["id"].to_list() for table, frame in tables if table == "shops")
        add_memberships(connection, plan, company_id, shop_ids)
    step.note(f"{sum(frame.height for _, frame in tables):,} rows")


def read_report(connection: Connection, *, was_there: bool) -> DemoReport:
    """Read back what the demo holds, and its story, from the database."""
    plans = load_companies()
    companies, facts = [], []
    for plan in plans:
        company_id = demo_company_id(plan)
        with tenant_transaction(connection, UUID(company_id)):
            companies.append(describe_company(connection, plan, company_id))
            facts += tell_story(connection, plan)
    return DemoReport(was_there, tuple(companies), logins(plans), tuple(facts))


def demo_company_id(plan: CompanyPlan) -> str:
    """Return the id of a demo company: the same in every installation."""
    return stable_id("demo|company", plan.slug, DEMO_EPOCH_MS)


def build_tables(plan: CompanyPlan, *, seed: int, as_of: date) -> list[tuple[str, pl.DataFrame]]:
    """Return the rows of a company by table, in the order of their foreign keys; reads nothing but the plan.

    Documents still lack their numbers, which the database gives.
    """
    random = np.random.default_rng([seed, *plan.slug.encode()])
    end = np.datetime64(as_of)
    clock = LocalClock(np.arange(end - HISTORY_DAYS, end), plan.timezone)
    assortment = list_variants(plan)
    prices = plan_prices(plan, assortment, clock.dates)
    demand = draw_demand(plan, assortment, clock.dates, prices.demand_uplift, random)
    simulation = simulate(plan, assortment, clock.dates, demand, random)
    customers = draw_customers(plan, HISTORY_DAYS, random)
    orders, lines = fill_baskets(plan, assortment, simulation, customers, random)

    master = MasterRows(plan, assortment, prices, customers, clock)
    order_rows = OrderRows(plan, assortment, prices, master, clock, orders, lines, random)
    buyer_id = staff_of(plan)[-1].user_id
    stock = StockRows(plan, assortment, prices, master, clock, simulation, buyer_id)
    return [
        *master.frames(),
        *order_rows.frames(),
        *stock.purchasing_frames(),
        ("stock_levels", stock.thresholds()),
        ("stock_ledger", stock.ledger(order_rows.lines, order_rows.return_lines)),
        ("reservations", order_rows.reservations()),
    ]


def _insert_company(connection: Connection, plan: CompanyPlan, company_id: str, first_moment: object) -> None:
    staff = staff_of(plan)
    user_ids = [create_user(connection, person) for person in staff]
    connection.execute("select set_config('app.user_id', '', true)")
    connection.execute(
        "insert into companies (id, name, slug, description, contact_email, currency, timezone, tax_rate,"
        " prices_include_tax, owner_user_id, data_origin, created_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'demo', %s)",
        (
            company_id,
            plan.name,
            plan.slug,
            "Invented for the demo.",
            f"hello@{plan.slug}.example",
            plan.currency,
            plan.timezone,
            plan.tax_rate,
            plan.prices_include_tax,
            user_ids[0],
            first_moment,
        ),
    )


def _insert(
    connection: Connection, plan: CompanyPlan, company_id: str, table: str, frame: pl.DataFrame
) -> None:
    if table in _NUMBERED:
        column, prefix, instant = _NUMBERED[table]
        dates = frame[instant].dt.convert_time_zone(plan.timezone).dt.date()
        frame = frame.with_columns(pl.Series(column, take_document_numbers(connection, prefix, dates)))
    inserted = insert_frame(connection, table, frame, company_id=company_id)
    if inserted != frame.height:
        raise DemoRefusedError(
            f"{frame.height - inserted} rows of {table} for {plan.name} were there already."
        )


def _reserve(connection: Connection) -> None:
    connection.execute(
        "update stock_levels as level set reserved_units = live.reserved_units from ("
        "select location_id, variant_id, sum(reserved_units) as reserved_units from reservations"
        " where status = 'live' group by location_id, variant_id) as live"
        " where level.location_id = live.location_id and level.variant_id = live.variant_id"
    )
