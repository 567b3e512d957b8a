"""What the review routes take and give."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import InputModel, Instant, LongText, OutputModel, ShortText

MOST_POINTS = 20
MOST_IMAGES = 10

ReviewStatus = Literal["pending", "approved", "rejected"]
ReportReason = Literal["spam", "offensive", "off_topic", "fake", "personal_data", "other"]
ReviewSort = Literal["newest", "oldest", "helpful", "rating_high", "rating_low"]
Stars = Annotated[int, Field(strict=True, ge=1, le=5)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Comment = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Points = Annotated[list[ShortText], Field(max_length=MOST_POINTS)]
MediaIds = Annotated[list[UUID], Field(max_length=MOST_IMAGES)]
Note = Annotated[str, StringConstraints(max_length=2000)]


class ReviewCreate(InputModel):
    """What a customer says about a product; it is shown once a moderator approves it."""

    product_id: UUID
    rating: Stars
    title: Title | None = None
    comment: Comment | None = None
    pros: Points = Field(default_factory=list)
    cons: Points = Field(default_factory=list)
    media_ids: MediaIds = Field(default_factory=list, description="Uploaded pictures of the kind review")


class ReviewUpdate(InputModel):
    """Changes of one's own review, which is then moderated anew; what is left out stays."""

    rating: Stars | None = None
    title: Title | None = None
    comment: Comment | None = None
    pros: Points | None = None
    cons: Points | None = None
    media_ids: MediaIds | None = None


class Moderation(InputModel):
    """A moderator's decision on the very text that they read."""

    status: Literal["approved", "rejected"]
    revision: Annotated[int, Field(strict=True, ge=1, description="Of the review that you read")]
    note: Note | None = Field(None, description="Why; the writer reads it")


class ReplyWrite(InputModel):
    """The shop's public answer to a review."""

    text: Annotated[LongText, Field(min_length=1)]


class ReportCreate(InputModel):
    """What is wrong with somebody's review."""

    reason: ReportReason
    comment: Note | None = None


class ReviewImage(OutputModel):
    media_id: UUID
    url: str
    alt: str


class ReviewRead(OutputModel):
    """A review as everybody sees it."""

    id: UUID
    product_id: UUID
    author_name: str
    author_avatar_url: str | None
    rating: int
    title: str | None
    comment: str | None
    pros: list[str]
    cons: list[str]
    images: list[ReviewImage]
    is_verified_purchase: bool
    helpful_count: int
    reply_text: str | None
    replied_at: Instant | None
    created_at: Instant
    updated_at: Instant


class ReviewDetail(ReviewRead):
    """A review as its writer and the moderators see it."""

    customer_id: UUID
    order_id: UUID | None
    status: ReviewStatus
    revision: int
    moderation_note: str | None
    moderated_at: Instant | None
    report_count: int


class RatingSummaryRead(OutputModel):
    """Approved reviews of a product in numbers; the histogram's keys are stars."""

    product_id: UUID
    rating_average: Decimal
    rating_count: int
    histogram: dict[int, int]


class HelpfulRead(OutputModel):
    review_id: UUID
    helpful_count: int
    is_helpful: bool


class ReportRead(OutputModel):
    review_id: UUID
    customer_id: UUID
    reason: ReportReason
    comment: str | None
    created_at: Instant


class ReportList(OutputModel):
    items: list[ReportRead]
