"""Names of customers: not in the published files, so asked from the API for who may read them."""

from __future__ import annotations

from typing import Any

from dashboards import context
from dashboards.data.api import Api
from dashboards.session import Person, explained_failures

NAMING_ROLES = frozenset({"company_admin", "super_admin"})


def best_customers(person: Person, *, segment: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the customers with most lifetime value, with names; never cached: a name may be erased."""
    with explained_failures():
        answer = Api(context.settings().api_url, person.access_token).get(
            "/api/v1/analytics/customers", segment=segment, limit=limit
        )
        rows: list[dict[str, Any]] = answer["best_customers"] or []
        return rows
    raise AssertionError("a failure ends the page's run")
