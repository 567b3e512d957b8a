"""A question that the figures cannot answer."""

from __future__ import annotations

from core.errors import StockwiseError


class MeasureError(StockwiseError):
    """A figure, a dimension or a filter that does not exist, or that do not go together.

    ``code`` is what the API answers with; ``field`` is the part of the question that is wrong.
    """

    def __init__(self, code: str, message: str, *, field: str = "measures", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.field = field


def unknown_measure(name: str) -> MeasureError:
    """There is no such figure."""
    return MeasureError("unknown_measure", f"There is no figure named {name!r}.")


def not_by_dimension(measure: str, dimension: str, *, field: str = "dimensions") -> MeasureError:
    """The figure exists, but not for this dimension."""
    return MeasureError(
        "measure_not_by_dimension", f"{measure!r} is not known by {dimension!r}.", field=field
    )
