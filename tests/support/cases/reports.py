"""Requests of every operation of reports, and the rows that their paths name."""

from core.ids import new_id
from tests.support.operation_case import Case, Ids, Make, path_of

_REPORTS, _DEFINITIONS = "/api/v1/analytics/reports", "/api/v1/analytics/report-definitions"
_DEFINITION = path_of("definition_id")
# Nothing is published where these are asked for: no report was made.
_REPORT = path_of("report_id")

CASES: dict[tuple[str, str], Case] = {
    ("GET", f"{_REPORTS}/catalogue"): Case(),
    ("POST", _REPORTS): Case(body=lambda ids: {"definition_id": ids["definition_id"]}, needs_build=True),
    ("GET", _REPORTS): Case(query=lambda ids: {"definition_id": ids["definition_id"]}),
    ("GET", f"{_REPORTS}/{{report_id}}"): Case(_REPORT),
    ("GET", f"{_REPORTS}/{{report_id}}/file"): Case(_REPORT),
    ("GET", _DEFINITIONS): Case(),
    ("POST", _DEFINITIONS): Case(
        body=lambda ids: {"name": "Monthly", "question": {"report": "sales", "by": "month"}}
    ),
    ("GET", f"{_DEFINITIONS}/{{definition_id}}"): Case(_DEFINITION),
    ("PATCH", f"{_DEFINITIONS}/{{definition_id}}"): Case(_DEFINITION, lambda ids: {"name": "Other"}),
    ("DELETE", f"{_DEFINITIONS}/{{definition_id}}"): Case(_DEFINITION),
}


async def add(made: Make, ids: Ids) -> None:
    """Save a report."""
    ids["definition_id"] = (await made("POST", _DEFINITIONS))["id"]
    ids["report_id"] = str(new_id())
