"""What the routes of counts take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import Flag, InputModel, OutputModel, Page

CountStatus = Literal["open", "closed", "cancelled"]
CountedUnits = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class CountCreate(InputModel):
    """A sheet to count some variants of a location on, or all that it has a level of."""

    location_id: UUID
    variant_ids: Annotated[list[UUID], Field(min_length=1, max_length=5000)] | None = None
    is_blind: Flag = False
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None


class CountEntry(InputModel):
    """Units of a variant that somebody counted."""

    variant_id: UUID
    counted_units: CountedUnits


class CountEntries(InputModel):
    """What was counted; entering a variant again replaces its count."""

    entries: Annotated[list[CountEntry], Field(min_length=1, max_length=1000)]


class CountClose(InputModel):
    """How to close a sheet."""

    leave_uncounted: Flag = Field(
        False, description="Close though some variants are not counted; those stay as they are"
    )


class CountLineRead(OutputModel):
    """A variant on a sheet. On an open blind sheet, what is expected and differs is null."""

    variant_id: UUID
    sku: str
    product_name: str
    expected_units: int | None
    counted_units: int | None
    on_hand_when_counted_units: int | None
    difference_units: int | None
    counted_by: UUID | None
    counted_at: datetime | None


class CountSummary(OutputModel):
    """A count sheet without its lines."""

    id: UUID
    count_number: str
    location_id: UUID
    status: CountStatus
    is_blind: bool
    note: str | None
    opened_by: UUID | None
    closed_by: UUID | None
    closed_at: datetime | None
    created_at: datetime


class CountRead(CountSummary):
    """A count sheet with its lines."""

    lines: list[CountLineRead]


CountPage = Page[CountSummary]
