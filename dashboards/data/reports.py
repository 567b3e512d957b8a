"""Custom reports through the API: what a page shows as a question, saved, made, and fetched as a file."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from core.metrics.period import Period
from core.reports.formats import FileFormat
from dashboards.data.api import Api
from dashboards.data.filters import CUSTOM, Chosen

REPORTS: Final = "/api/v1/analytics/reports"
DEFINITIONS: Final = "/api/v1/analytics/report-definitions"
FORMATS: Final[Mapping[FileFormat, str]] = {
    "csv": "CSV", "xlsx": "Excel", "parquet": "Parquet", "pdf": "PDF", "json": "JSON",
}  # fmt: skip
_WAIT_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.5
_RELATIVE: Final[Mapping[str, Mapping[str, Any]]] = {
    "7 days": {"kind": "last_days", "days": 7},
    "28 days": {"kind": "last_days", "days": 28},
    "13 weeks": {"kind": "last_days", "days": 91},
    "52 weeks": {"kind": "last_days", "days": 364},
    "This month": {"kind": "month_to_date"},
    "Last month": {"kind": "last_month"},
    "This year": {"kind": "year_to_date"},
}


@dataclass(frozen=True)
class MadeReport:
    """A file that the API made, or that it is still making it, or why it did not."""

    status: str
    name: str = ""
    content: bytes = b""
    detail: str = ""


def question_of(
    measures: Sequence[str], by: Sequence[str], chosen: Chosen, *, period_name: str
) -> dict[str, Any]:
    """Return what the page shows as the API is asked for it; a named period moves with the data."""
    filters = {
        name: list(ids)
        for name, ids in (("shop_ids", chosen.shop_ids), ("category_ids", chosen.category_ids))
        if ids
    }
    return {
        "report": "custom",
        "measures": list(measures),
        "dimensions": list(by),
        "filters": filters,
        "period": dict(_RELATIVE.get(period_name) or _fixed(chosen.period)),
        "compare": chosen.comparison,
    }


def address_of(question: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the parameters under which the page shows a saved question, where it can."""
    period = question["period"]
    address: dict[str, str | list[str]] = {
        "custom_measures": list(question["measures"]),
        "custom_by": list(question["dimensions"]),
        "period": _period_name(period) or CUSTOM,
    }
    if period.get("first_date"):
        address |= {"from": period["first_date"], "to": period["last_date"]}
    return address


def saved_reports(api: Api) -> list[dict[str, Any]]:
    """Return one's own saved reports and the shared ones that this page can show as they were meant.

    The API also saves periods that the page has no name for, as the quarter to date: those are its own.
    """
    items: list[dict[str, Any]] = api.get(DEFINITIONS, limit=100)["items"]
    return [
        one
        for one in items
        if one["question"]["report"] == "custom"
        and (one["question"]["period"]["kind"] == "fixed" or _period_name(one["question"]["period"]))
    ]


def save_report(api: Api, name: str, question: Mapping[str, Any], *, is_shared: bool) -> None:
    """Save what the page shows."""
    body = {"name": name, "question": question, "is_shared": is_shared}
    api.post(DEFINITIONS, body, idempotency_key=str(uuid4()))


def make_file(api: Api, question: Mapping[str, Any], kind: str) -> MadeReport:
    """Have a report made, wait a little for a large one, and fetch it."""
    report = api.post(REPORTS, {"question": question, "format": kind}, idempotency_key=str(uuid4()))
    deadline = time.monotonic() + _WAIT_SECONDS
    while report["status"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        report = api.get(report["status_url"])
    if report["status"] != "succeeded":
        return MadeReport(report["status"], detail=report["error_detail"] or "")
    name = f"custom-{report['first_date']}-to-{report['last_date']}.{kind}"
    return MadeReport("succeeded", name, api.download(report["file_url"]))


def _period_name(period: Mapping[str, Any]) -> str | None:
    kept = {name: value for name, value in period.items() if value is not None}
    return next((label for label, one in _RELATIVE.items() if one == kept), None)


def _fixed(period: Period) -> dict[str, str]:
    return {"kind": "fixed", "first_date": str(period.first_date), "last_date": str(period.last_date)}
