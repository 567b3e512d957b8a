"""Whether a report can be asked so, in the caller's own shops; and the report itself, from the snapshot."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Final
from uuid import UUID

from api.access import Caller
from api.errors import ApiError, Forbidden, InvalidContent, UnknownReference, Violation
from api.reports import rules
from api.reports.errors import ReportTooLarge, UnanswerableReport, UnknownReport
from api.reports.schemas import QuestionWrite
from core.errors import StockwiseError
from core.metrics.errors import MeasureError
from core.metrics.period import PeriodError
from core.metrics.queryable import Queryable
from core.metrics.reports import REPORTS
from core.metrics.sources import measures_query
from core.reports.errors import ReportTooLong
from core.reports.making import make_report, require_known
from core.reports.named import NamedReport
from core.reports.table import Report

# Relative periods are sound on any day: only fixed ones can be wrong.
_SOME_DAY: Final = date(2026, 11, 21)


def require_answerable(wanted: QuestionWrite, *, caller: Caller, pointer: str) -> None:
    """Refuse what no build can answer, with a pointer at the fault.

    Raises
    ------
    UnknownReport, UnanswerableReport, Forbidden
        If there is no such report, it can't be asked that, or it reaches beyond the caller's shops.
    """
    named = named_report(wanted.report, pointer=pointer)
    reach = caller.reachable_shop_ids
    if rules.foreign_shops(wanted.filters, reach):
        raise Forbidden("Some of these shops are not yours.", pointer=f"{pointer}/filters/shop_ids")
    if named.is_of_company and reach is not None:
        raise Forbidden("This report is about the whole company.", pointer=f"{pointer}/report")
    try:
        period = rules.period_of(wanted.period, _SOME_DAY)
        question = rules.question_of(wanted, period, reach)
        require_known(named, question, has_period="period" in wanted.model_fields_set)
        if wanted.measures:
            measures_query(
                question.measures, dimensions=question.dimensions, period=period, filters=question.filters
            )
    except (StockwiseError, PeriodError) as error:
        raise refusal_of(error, pointer=pointer) from None


def named_report(name: str, *, pointer: str) -> NamedReport:
    """Find a report, or say which names exist."""
    if name not in REPORTS:
        raise UnknownReport(f"There is no report named {name!r}.", pointer=f"{pointer}/report")
    return REPORTS[name]


def make(
    snapshot: Queryable,
    wanted: QuestionWrite,
    shop_ids: Collection[UUID] | None,
    *,
    title: str,
    now: datetime,
    most_rows: int,
    pointer: str = "",
) -> Report:
    """Make a report within the shops that its reader reaches.

    Raises
    ------
    ApiError
        If it can't be asked so, or has too many rows.
    """
    named = named_report(wanted.report, pointer=pointer)
    if named.is_of_company and shop_ids is not None:
        raise Forbidden("This report is about the whole company.")
    horizon = snapshot.rows("select horizon_date from srv_company")[0]["horizon_date"]
    try:
        question = rules.question_of(wanted, rules.period_of(wanted.period, horizon), shop_ids)
        _require_known_ids(snapshot, wanted, pointer=pointer)
        return make_report(snapshot, named, question, now=now, title=title, most_rows=most_rows)
    except (StockwiseError, PeriodError) as error:
        raise refusal_of(error, pointer=pointer) from None


_IDS: Final = {
    "shop_ids": "select shop_id from srv_shops",
    "category_ids": "select category_id from srv_categories",
    "product_ids": "select product_id from srv_products",
    "variant_ids": "select variant_id from srv_products",
    "location_ids": "select location_id from srv_locations",
    "supplier_ids": "select supplier_id from srv_suppliers",
}


def _require_known_ids(snapshot: Queryable, wanted: QuestionWrite, *, pointer: str) -> None:
    """Refuse ids of nothing: a report without rows would say that nothing was sold."""
    for name, known in _IDS.items():
        ids = getattr(wanted.filters, name)
        if ids is None:
            continue
        listed = [str(one) for one in ids]
        unknown = snapshot.rows(
            f"select given.id from unnest(?::varchar[]) as given (id) where given.id not in ({known})",
            [listed],
        )
        if unknown:
            place = listed.index(unknown[0]["id"])
            raise UnknownReference(
                f"{unknown[0]['id']} is not in the published numbers.",
                pointer=f"{pointer}/filters/{name}/{place}",
            )


def refusal_of(error: StockwiseError | PeriodError, *, pointer: str) -> ApiError:
    """Say in the API's words what is wrong with a question."""
    if isinstance(error, ReportTooLong):
        return ReportTooLarge(error.message)
    if isinstance(error, PeriodError):
        return InvalidContent(f"{str(error)[:1].upper()}{str(error)[1:]}.", pointer=f"{pointer}/period")
    field, code = (
        (error.field, error.code) if isinstance(error, MeasureError) else ("report", UnanswerableReport.code)
    )
    return UnanswerableReport(
        error.message, violations=[Violation(f"{pointer}/{field}", code, error.message)]
    )
