"""What the payment routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, HttpUrl, SecretStr, StringConstraints, model_validator

from api.schemas import Amount, Flag, InputModel, OutputModel, PricedModel, ShortText

MethodCode = Literal["credit_card", "debit_card", "upi", "net_banking", "wallet", "paypal", "bank_transfer"]
Provider = Literal["local", "stripe", "paypal"]
TransactionStatus = Literal["pending", "processing", "succeeded", "failed", "cancelled"]
PaymentStatus = Literal["unpaid", "authorised", "paid", "partly_refunded", "refunded", "failed", "voided"]
CaptureMode = Literal["automatic", "manual"]
Token = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]
Reason = Annotated[str, StringConstraints(max_length=500)]
PositiveAmount = Annotated[Amount, Field(gt=0)]
MetadataValue = Annotated[str, StringConstraints(max_length=500)]
MetadataName = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class BillingAddress(InputModel):
    """Where the payer lives, as the card's bank knows it."""

    address_line1: ShortText
    address_line2: ShortText | None = None
    city: ShortText
    state: ShortText | None = None
    postal_code: Annotated[str, StringConstraints(max_length=20)] | None = None
    country: ShortText


class IntentCreate(InputModel):
    """What is to be paid, and how. Asking twice gives the same payment."""

    checkout_id: UUID | None = None
    order_id: UUID | None = Field(None, description="An order without a checkout")
    method: MethodCode
    capture_mode: CaptureMode = Field("automatic", description="manual: authorise now, capture later")
    billing_address: BillingAddress | None = None
    metadata: dict[MetadataName, MetadataValue] = Field(default_factory=dict, max_length=20)

    @model_validator(mode="after")
    def _name_one_source(self) -> Self:
        if (self.checkout_id is None) == (self.order_id is None):
            raise ValueError("name what is paid by checkout_id or by order_id, one of them")
        return self


class PaymentProcess(InputModel):
    """With what to pay: a token of the provider, or a saved method. Never a card number."""

    payment_id: UUID
    token: Token | None = None
    saved_method_id: UUID | None = None
    return_url: HttpUrl | None = Field(None, description="Where the provider sends the buyer back to")

    @model_validator(mode="after")
    def _name_one_means(self) -> Self:
        if self.token is not None and self.saved_method_id is not None:
            raise ValueError("send a token or a saved method, not both")
        return self


class PaymentConfirm(InputModel):
    """What the buyer's challenge gave, where the provider's own script does not tell it by itself."""

    challenge_result: Token | None = None


class PaymentCapture(InputModel):
    """How much to take; by default all that is left to pay of the orders."""

    amount: PositiveAmount | None = None


class PaymentVoid(InputModel):
    """Why the money is let go."""

    reason: Reason | None = None


class RefundCreate(InputModel):
    """How much goes back, of which order; by default all that is left of the one order."""

    order_id: UUID | None = Field(None, description="Needed where the payment has several orders")
    amount: PositiveAmount | None = None
    reason: Reason | None = None


class CardRead(OutputModel):
    brand: str | None
    last4: str | None
    expiry_month: int | None
    expiry_year: int | None
    holder_name: str | None


class AllocationRead(OutputModel):
    order_id: UUID
    shop_id: UUID
    amount: Amount
    captured_amount: Amount
    refund_reserved_amount: Amount
    refunded_amount: Amount


class PaymentSummary(PricedModel):
    """A payment without its parts."""

    id: UUID
    transaction_number: str
    checkout_id: UUID | None
    customer_id: UUID | None
    method: MethodCode
    provider: Provider
    currency: str
    amount: Amount
    authorised_amount: Amount
    captured_amount: Amount
    refunded_amount: Amount
    capture_mode: CaptureMode
    status: TransactionStatus
    payment_status: PaymentStatus
    gateway_payment_id: str | None
    failure_code: str | None
    failure_reason: str | None
    attempts: int
    created_at: datetime
    authorised_at: datetime | None
    paid_at: datetime | None
    failed_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None


class PaymentRead(PaymentSummary):
    """A payment; ``action`` is what the buyer has to do next, if anything."""

    billing_address: dict[str, Any]
    metadata: dict[str, str]
    card: CardRead | None
    action: dict[str, Any] | None
    allocations: list[AllocationRead]


class RefundRead(PricedModel):
    id: UUID
    payment_id: UUID
    order_id: UUID
    amount: Amount
    currency: str
    reason: str | None
    status: TransactionStatus
    gateway_refund_id: str | None
    failure_reason: str | None
    created_at: datetime
    processed_at: datetime | None


class RefundList(OutputModel):
    items: list[RefundRead]


class OperationSettlement(InputModel):
    """What staff found in the provider's books about an attempt whose answer was lost."""

    operation_id: UUID
    outcome: Literal["authorised", "captured", "voided", "refunded", "failed"]
    gateway_reference: ShortText | None = Field(None, description="The provider's own id of it")
    note: ShortText | None = None


class AttemptRead(OutputModel):
    """What the provider was asked for, and why it refused if it did."""

    id: UUID
    kind: Literal["authorise", "confirm", "capture", "void", "refund"]
    status: Literal["pending", "succeeded", "failed"]
    amount: Amount
    failure_code: str | None
    failure_reason: str | None
    tries: int
    # The provider is not asked again: staff look into its books and settle it by hand.
    needs_settling: bool
    created_at: datetime
    finished_at: datetime | None


class PaymentHistoryEntry(OutputModel):
    from_status: str | None
    to_status: str
    note: str | None
    refund_id: UUID | None
    changed_by: UUID | None
    occurred_at: datetime


class PaymentHistory(PricedModel):
    currency: str
    attempts: list[AttemptRead]
    history: list[PaymentHistoryEntry]


class MethodRead(OutputModel):
    id: UUID
    code: MethodCode
    name: str
    provider: Provider
    is_active: bool
    display_order: int


class MethodList(OutputModel):
    items: list[MethodRead]


class MethodChange(InputModel):
    """What to change of a way to pay; what is left out stays."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    provider: Provider | None = None
    is_active: Flag | None = None
    display_order: Annotated[int, Field(ge=0, le=1000)] | None = None


class SavedMethodCreate(InputModel):
    """A provider's token to keep for the next time."""

    method: MethodCode
    token: Token
    is_default: Flag = False


class SavedMethodRead(OutputModel):
    id: UUID
    method: MethodCode
    provider: Provider
    card_brand: str | None
    card_last_four: str | None
    expiry_month: int | None
    expiry_year: int | None
    is_default: bool
    created_at: datetime


class SavedMethodList(OutputModel):
    items: list[SavedMethodRead]


class StripeAccount(InputModel):
    provider: Literal["stripe"] = "stripe"
    api_key: SecretStr = Field(min_length=10, max_length=500)
    webhook_secret: SecretStr = Field(min_length=10, max_length=500)
    is_active: Flag = True


class PayPalAccount(InputModel):
    provider: Literal["paypal"] = "paypal"
    client_id: SecretStr = Field(min_length=10, max_length=500)
    client_secret: SecretStr = Field(min_length=10, max_length=500)
    webhook_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{5,50}$")]
    is_live: Flag = Field(False, description="Credentials of a live application, not of the sandbox")
    is_active: Flag = True


class GatewayRead(OutputModel):
    """An account with a provider; its credentials are never shown again."""

    id: UUID
    provider: Provider
    is_live: bool
    is_active: bool
    webhook_path: str
    updated_at: datetime


class GatewayList(OutputModel):
    items: list[GatewayRead]


class WebhookTaken(OutputModel):
    """The webhook is kept; what follows from it follows soon."""

    received: bool
