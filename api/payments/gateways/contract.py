"""What the product asks of a payment provider, and what it wants to hear.

A gateway is called outside of every transaction. Each request carries the ``key`` of its operation, which
never changes: asked again after a lost answer, a provider answers again and does nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import UUID

CALL_TIMEOUT_SECONDS = 20.0

OutcomeStatus = Literal[
    "captured", "authorised", "action_required", "pending", "failed", "voided", "refunded"
]
EventKind = Literal["captured", "authorised", "failed", "voided", "approved", "refunded", "refund_failed"]


class AnswerLost(Exception):
    """The provider may have done it or not: ask again with the same key."""


class NotBelieved(Exception):
    """A webhook that its provider did not sign, or that is too old."""


@dataclass(frozen=True)
class CardDetails:
    """What a provider tells about a card; never its number."""

    brand: str | None = None
    last4: str | None = None
    expiry_month: int | None = None
    expiry_year: int | None = None
    holder_name: str | None = None


@dataclass(frozen=True)
class GatewayRequest:
    """One operation on a payment."""

    key: str
    company_id: UUID
    payment_id: UUID
    transaction_number: str
    amount: Decimal
    currency: str
    method_code: str
    is_captured_at_once: bool = True
    token: str | None = None
    gateway_customer_id: str | None = None
    challenge_result: str | None = None
    return_url: str | None = None
    gateway_payment_id: str | None = None
    gateway_authorisation_id: str | None = None
    gateway_capture_id: str | None = None
    refund_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True)
class GatewayOutcome:
    """What became of an operation. ``amount`` is what was authorised, captured or refunded by now."""

    status: OutcomeStatus
    amount: Decimal | None = None
    gateway_payment_id: str | None = None
    gateway_authorisation_id: str | None = None
    gateway_capture_id: str | None = None
    gateway_refund_id: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    action: Mapping[str, Any] | None = None
    card: CardDetails | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class KeptMethod:
    """A provider's token that can be charged again."""

    token: str
    gateway_customer_id: str | None
    card: CardDetails


@dataclass(frozen=True)
class WebhookEvent:
    """A believed webhook; ``kind`` None: of a type that changes nothing here."""

    id: str
    type: str
    kind: EventKind | None = None
    payment_id: UUID | None = None
    refund_id: UUID | None = None
    references: tuple[str, ...] = ()
    gateway_payment_id: str | None = None
    gateway_authorisation_id: str | None = None
    gateway_capture_id: str | None = None
    gateway_refund_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None


class Gateway(Protocol):
    """A payment provider, with one company's credentials.

    Every method but the last two raises `AnswerLost` when it can't tell what happened.
    """

    async def authorise(self, request: GatewayRequest) -> GatewayOutcome:
        """Start the payment: charge a token, or answer with what the buyer has to do next."""

    async def confirm(self, request: GatewayRequest) -> GatewayOutcome:
        """Go on after the buyer did it."""

    async def capture(self, request: GatewayRequest) -> GatewayOutcome:
        """Take what was authorised, or less; the rest is let go."""

    async def void(self, request: GatewayRequest) -> GatewayOutcome:
        """Let go what was authorised and not captured."""

    async def refund(self, request: GatewayRequest) -> GatewayOutcome:
        """Give back some or all of what was captured."""

    async def keep(self, request: GatewayRequest) -> KeptMethod:
        """Turn a token into one that can be charged again."""

    async def believe(self, body: bytes, headers: Mapping[str, str], *, now: float) -> WebhookEvent:
        """Check a webhook's signature over its raw body, then read it; else `NotBelieved`."""

    def read(self, content: Mapping[str, Any]) -> WebhookEvent:
        """Read a webhook that was believed before."""
