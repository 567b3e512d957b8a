"""What the routes of reports take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.schemas import Day, Flag, InputModel, Instant, OutputModel, ShortText

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Names = Annotated[list[Name], Field(max_length=20)]
Ids = Annotated[list[UUID], Field(min_length=1, max_length=200)]
Words = Annotated[list[Name], Field(min_length=1, max_length=200)]
FileFormat = Literal["csv", "parquet", "xlsx", "pdf", "json"]
Bucket = Literal["day", "week", "month", "quarter", "year"]
RelativePeriod = Literal[
    "last_days", "last_week", "last_month", "month_to_date", "quarter_to_date", "year_to_date", "fixed"
]
RunStatus = Literal["queued", "running", "succeeded", "failed", "expired"]
MOST_DAYS = 3660


class PeriodWrite(InputModel):
    """Days in the company's time zone; all but ``fixed`` follow the last day of the data."""

    kind: RelativePeriod = "last_days"
    days: Annotated[int, Field(strict=True, ge=1, le=MOST_DAYS)] | None = Field(
        None, description="For last_days; 28 if left out"
    )
    first_date: Day | None = Field(None, description="For fixed")
    last_date: Day | None = Field(None, description="For fixed, included")

    @model_validator(mode="after")
    def _is_whole(self) -> PeriodWrite:
        has_dates = self.first_date is not None and self.last_date is not None
        if (self.kind == "fixed") != has_dates or (not has_dates and (self.first_date or self.last_date)):
            raise ValueError("a fixed period has first_date and last_date, and no other has")
        if self.days is not None and self.kind != "last_days":
            raise ValueError("days belongs to last_days")
        return self


class FiltersWrite(InputModel):
    """What to keep; what is left out keeps all. A category stands for all below it."""

    shop_ids: Ids | None = None
    category_ids: Ids | None = None
    product_ids: Ids | None = None
    variant_ids: Ids | None = None
    brands: Words | None = None
    location_ids: Ids | None = None
    supplier_ids: Ids | None = None
    customer_segments: Words | None = None


class QuestionWrite(InputModel):
    """What a report is asked; what is left out is the report's own choice."""

    report: Name = Field("custom", description="A named report, or custom: measures by dimensions")
    measures: Names = Field(default_factory=list, description="Names of figures, see /analytics/metrics")
    dimensions: Annotated[list[Name], Field(max_length=5)] = Field(
        default_factory=list, description="What custom cuts by: day, month, shop, category, product …"
    )
    by: Bucket | None = None
    filters: FiltersWrite = Field(default_factory=FiltersWrite)
    period: PeriodWrite = Field(default_factory=PeriodWrite)
    compare: Literal["none", "previous", "last_year"] = "none"
    limit: Annotated[int, Field(strict=True, ge=1, le=200_000)] | None = Field(
        None, description="Most rows of a ranking"
    )


class DefinitionCreate(InputModel):
    """A report to be made again; relative periods move with the data."""

    name: ShortText
    description: Annotated[str, StringConstraints(max_length=1000)] = ""
    is_shared: Flag = Field(False, description="Others of the company see it, and run it with their rights")
    question: QuestionWrite
    format: FileFormat = "csv"


class DefinitionUpdate(InputModel):
    """Changes; what is left out stays."""

    name: ShortText | None = None
    description: Annotated[str, StringConstraints(max_length=1000)] | None = None
    is_shared: Flag | None = None
    question: QuestionWrite | None = None
    format: FileFormat | None = None


class DefinitionRead(OutputModel):
    id: UUID
    name: str
    description: str
    is_shared: bool
    is_own: bool
    owner_user_id: UUID
    question: QuestionWrite
    format: FileFormat
    created_at: Instant
    updated_at: Instant


class ReportCreate(InputModel):
    """Make a saved report (``definition_id``) or one that is asked here (``question``)."""

    definition_id: UUID | None = None
    question: QuestionWrite | None = None
    format: FileFormat | None = Field(None, description="Left out: the definition's, or csv")

    @model_validator(mode="after")
    def _names_one(self) -> ReportCreate:
        if (self.definition_id is None) == (self.question is None):
            raise ValueError("name either definition_id or question")
        return self


class ReportRead(OutputModel):
    """A report that was asked for. ``file_url`` is there once it succeeded, until it expires."""

    id: UUID
    definition_id: UUID | None
    title: str
    question: QuestionWrite
    format: FileFormat
    status: RunStatus
    requested_by: UUID
    first_date: date | None
    last_date: date | None
    row_count: int | None
    size_bytes: int | None
    build_id: str | None
    horizon_at: Instant | None
    error_code: str | None
    error_detail: str | None
    created_at: Instant
    finished_at: Instant | None
    expires_at: Instant | None
    status_url: str
    file_url: str | None


class NamedReportRead(OutputModel):
    """A report by name, and what it can be asked."""

    name: str
    title: str
    answers: str
    knows: list[str]


class ReportCatalogue(OutputModel):
    """What can be asked; the figures themselves are at ``/analytics/metrics``."""

    reports: list[NamedReportRead]
    formats: list[str]
