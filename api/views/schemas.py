"""What the routes of product views take and give."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from api.schemas import InputModel, Instant, OutputModel
from api.views.rules import kept_referrer
from api.views.tables import LONGEST_VIEW_SECONDS

MOST_VIEWS = 200

ViewSource = Literal[
    "search", "category", "product", "recommendation", "home", "banner", "cart", "wishlist", "email",
    "advertisement", "direct", "other",
]  # fmt: skip
Duration = Annotated[Decimal, Field(ge=0, le=LONGEST_VIEW_SECONDS, max_digits=8, decimal_places=3)]
SessionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,100}$")]
Referrer = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[A-Za-z0-9._:@-]+(?:[/?#][^\s]*)?$", max_length=2000),
    AfterValidator(kept_referrer),
]


class ViewWrite(InputModel):
    """Somebody looked at a product's page."""

    product_id: UUID
    viewed_at: Instant = Field(description="When the page was opened: a week ago at most, not in the future")
    duration_seconds: Duration | None = Field(None, description="How long it was looked at, if it is known")
    source: ViewSource | None = Field(None, description="What led to the page")
    referrer_url: Referrer | None = Field(None, description="What follows ? or # is not kept")


class ViewBatch(InputModel):
    """Views of one shopper. The customer is the one of the token; a guest is known by a session."""

    session_id: SessionId | None = Field(
        None, description="Opaque and made by the storefront; only a hash of it is stored. Guests need one."
    )
    views: Annotated[list[ViewWrite], Field(min_length=1, max_length=MOST_VIEWS)]


class RefusedView(OutputModel):
    """A view that was not recorded: its place in the batch, and why."""

    place: int
    product_id: UUID
    code: Literal["unknown_reference", "viewed_in_future", "viewed_too_long_ago"]
    detail: str


class ViewsRecorded(OutputModel):
    """What became of a batch: what is counted here is stored."""

    recorded_count: int
    refused: list[RefusedView]
