"""``stockwise reconcile stock``: all companies, one snapshot, and where it does not add up."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from api.inventory import reconcile
from core.errors import StockwiseError
from core.progress import SilentProgress
from stockwise import app
from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.orders import place


@dataclass(frozen=True)
class OneDatabase:
    """A server of which every role looks at the test's own database."""

    api: Api

    def dsn(self, role: Any) -> str:
        return self.api.database.server.dsn(role, self.api.database.name)


@pytest.fixture
def served(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    @contextmanager
    def opened(settings: Any) -> Iterator[OneDatabase]:
        yield OneDatabase(api)

    monkeypatch.setattr(reconcile, "open_ready_server", opened)
    return api


def report(api: Api) -> reconcile.StockReport:
    return reconcile.reconcile(api.database.settings, progress=SilentProgress())


async def test_stock_that_adds_up_is_proven_over_all_companies(
    served: Api, two_companies: tuple[Company, Company]
) -> None:
    await place(served, two_companies[0], quantity_units=3)
    found = report(served)
    assert (found.ok, found.companies, found.levels) == (True, 2, 2)
    assert (found.differences, found.transit_differences) == ([], [])


async def test_what_does_not_add_up_is_named_and_the_command_fails(
    served: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    await place(served, acme, quantity_units=3)
    with served.database.connect("owner") as owner:
        owner.execute("update stock_levels set on_hand_units = 99 where company_id = %s", [bolt.id])
        owner.execute("update reservations set reserved_units = 2")
        owner.execute(
            "insert into locations (company_id, code, name, kind) values (%s, 'T', 'T', 'in_transit')",
            [acme.id],
        )
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " select company_id, id, %s, 5, 'transfer_in' from locations where kind = 'in_transit'",
            [acme.variant_id],
        )
    found = report(served)
    assert not found.ok
    numbers = {
        (one.company_id, one.on_hand_units, one.ledger_units, one.reserved_units, one.live_reserved_units)
        for one in found.differences
    }
    assert numbers == {(acme.id, 100, 100, 3, 2), (bolt.id, 99, 100, 0, 0)}
    assert [(one.on_hand_units, one.transfer_units) for one in found.transit_differences] == [(5, 0)]
    outcome = CliRunner().invoke(app, ["reconcile", "stock", "--json"])
    assert isinstance(outcome.exception, StockwiseError)
    assert outcome.exception.exit_code == 1
    assert '"ledger_units": 100' in outcome.stdout
