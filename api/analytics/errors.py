"""What can be wrong with a question to the reports."""

from __future__ import annotations

from api.errors import ApiError, InvalidContent
from core.metrics.errors import MeasureError


class InvalidPeriod(InvalidContent):
    code = "invalid_period"
    title = "These days make no period"
    detail = "A period begins before it ends and has 3,660 days at most."


class UnknownShop(InvalidContent):
    code = "unknown_shop"
    title = "The published numbers know no such shop"
    detail = "There is no such shop, or it came after the build that the answer would be from."


class UnknownCategory(InvalidContent):
    code = "unknown_category"
    title = "The published numbers know no such category"
    detail = "There is no such category, or it came after the build that the answer would be from."


class UnknownLocation(InvalidContent):
    code = "unknown_location"
    title = "The published numbers know no such location"
    detail = "There is no such location, or it came after the build that the answer would be from."


class UnknownMeasure(InvalidContent):
    code = "unknown_measure"
    title = "There is no such figure"
    detail = "GET /api/v1/analytics/metrics lists the figures."


class MeasureNotByDimension(InvalidContent):
    code = "measure_not_by_dimension"
    title = "The figure is not known by that"
    detail = "Some figures are of whole orders: they are known by shop and day, not by product or category."


_BY_CODE: dict[str, type[ApiError]] = {error.code: error for error in (UnknownMeasure, MeasureNotByDimension)}
_POINTERS = {
    "measures": "/query/measures",
    "dimensions": "/query/group_by",
    "filters": "/query/category_id",
    "order_by": "/query/measures",
}


def refusal_of(error: MeasureError) -> ApiError:
    """Return the answer to a question that the figures cannot answer."""
    refused = _BY_CODE.get(error.code, InvalidContent)
    return refused(error.message, pointer=_POINTERS.get(error.field, "/query/measures"))
