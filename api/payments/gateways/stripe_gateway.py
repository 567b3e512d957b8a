"""Stripe, by its own SDK: one PaymentIntent per payment.

Sources: docs.stripe.com/api/payment_intents, docs.stripe.com/payments/paymentintents/lifecycle,
docs.stripe.com/api/refunds, docs.stripe.com/api/idempotent_requests, docs.stripe.com/webhooks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import stripe

from api.payments.gateways.contract import (
    CALL_TIMEOUT_SECONDS,
    AnswerLost,
    CardDetails,
    EventKind,
    GatewayOutcome,
    GatewayRequest,
    KeptMethod,
    NotBelieved,
    OutcomeStatus,
    WebhookEvent,
)
from core.money import currency_digits

Result = TypeVar("Result")

# ISO 4217 gives them no decimals, Stripe's API two (docs.stripe.com/currencies#special-cases).
_TWO_DECIMALS_AT_STRIPE = frozenset({"ISK", "UGX"})
_STATUSES: Mapping[str, OutcomeStatus] = {
    "succeeded": "captured",
    "requires_capture": "authorised",
    "requires_action": "action_required",
    "requires_confirmation": "action_required",
    "processing": "pending",
    "canceled": "voided",
}
_EVENT_KINDS: Mapping[str, EventKind] = {
    "payment_intent.succeeded": "captured",
    "payment_intent.amount_capturable_updated": "authorised",
    "payment_intent.payment_failed": "failed",
    "payment_intent.canceled": "voided",
}
_REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})


@dataclass(frozen=True)
class StripeCredentials:
    """What a company gets from Stripe's dashboard."""

    api_key: str
    webhook_secret: str


class StripeGateway:
    """Stripe with one company's keys; ``address`` is another one than Stripe's in tests."""

    def __init__(self, credentials: StripeCredentials, *, address: str | None = None) -> None:
        self._webhook_secret = credentials.webhook_secret
        self._client = stripe.StripeClient(
            credentials.api_key,
            base_addresses={"api": address} if address else {},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=CALL_TIMEOUT_SECONDS),
        )

    async def authorise(self, request: GatewayRequest) -> GatewayOutcome:
        """Make the PaymentIntent and confirm it; after a failed attempt, confirm the same one again."""
        if request.gateway_payment_id is not None and request.token is not None:
            params = self._confirmation(request)
            return await self._intent(
                lambda: self._client.v1.payment_intents.confirm(
                    request.gateway_payment_id or "", params, _once(request)
                )
            )
        params = {
            "amount": minor_units(request.amount, request.currency),
            "currency": request.currency.lower(),
            "capture_method": "automatic" if request.is_captured_at_once else "manual",
            "description": request.transaction_number,
            "metadata": _names(request),
            "automatic_payment_methods": _redirects(request),
        }
        if request.token is not None:
            params |= {"confirm": True, **self._confirmation(request)}
        if request.gateway_customer_id is not None:
            params["customer"] = request.gateway_customer_id
        return await self._intent(
            lambda: self._client.v1.payment_intents.create(params, _once(request))  # type: ignore[arg-type]
        )

    async def confirm(self, request: GatewayRequest) -> GatewayOutcome:
        """Look at what became of it while the buyer was at the bank."""
        return await self._intent(
            lambda: self._client.v1.payment_intents.retrieve(request.gateway_payment_id or "")
        )

    async def capture(self, request: GatewayRequest) -> GatewayOutcome:
        """Capture; what is left over is released."""
        return await self._intent(
            lambda: self._client.v1.payment_intents.capture(
                request.gateway_payment_id or "",
                {"amount_to_capture": minor_units(request.amount, request.currency)},
                _once(request),
            )
        )

    async def void(self, request: GatewayRequest) -> GatewayOutcome:
        """Cancel the PaymentIntent."""
        if request.gateway_payment_id is None:
            return GatewayOutcome("voided")
        return await self._intent(
            lambda: self._client.v1.payment_intents.cancel(
                request.gateway_payment_id or "", {}, _once(request)
            )
        )

    async def refund(self, request: GatewayRequest) -> GatewayOutcome:
        """Refund the PaymentIntent in part or whole."""
        call = lambda: self._client.v1.refunds.create(  # noqa: E731
            {
                "payment_intent": request.gateway_payment_id or "",
                "amount": minor_units(request.amount, request.currency),
                "metadata": _names(request),
            },
            _once(request),
        )
        try:
            return _refund_outcome(_plain(await _ask(call)), request.currency)
        except stripe.StripeError as error:
            return _failure(error)

    async def keep(self, request: GatewayRequest) -> KeptMethod:
        """Attach the payment method to a customer of Stripe, which makes it chargeable again."""
        customer_id = request.gateway_customer_id
        if customer_id is None:
            made = await _ask(
                lambda: self._client.v1.customers.create(
                    {"metadata": _names(request)}, _once(request, "customer")
                )
            )
            customer_id = made.id
        attached = _plain(
            await _ask(
                lambda: self._client.v1.payment_methods.attach(
                    request.token or "", {"customer": customer_id}, _once(request, "attach")
                )
            )
        )
        return KeptMethod(str(attached["id"]), customer_id, _card(attached) or CardDetails())

    async def believe(self, body: bytes, headers: Mapping[str, str], *, now: float) -> WebhookEvent:
        """Leave the check to Stripe's SDK: HMAC of time and raw body, five minutes of tolerance."""
        try:
            stripe.WebhookSignature.verify_header(
                body, headers.get("stripe-signature"), self._webhook_secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
            return self.read(json.loads(body))
        except (stripe.SignatureVerificationError, ValueError, TypeError, AttributeError, KeyError):
            raise NotBelieved from None

    def read(self, content: Mapping[str, Any]) -> WebhookEvent:
        """Read a snapshot event."""
        event_type, thing = str(content["type"]), content["data"]["object"]
        names = thing.get("metadata") or {}
        if event_type in _REFUND_EVENTS:
            return self._read_refund(content, thing, names)
        kind = _EVENT_KINDS.get(event_type)
        if kind is None:
            return WebhookEvent(str(content["id"]), event_type)
        currency = str(thing["currency"]).upper()
        received = thing.get("amount_received") if kind == "captured" else thing.get("amount_capturable")
        error = thing.get("last_payment_error") or {}
        return WebhookEvent(
            id=str(content["id"]),
            type=event_type,
            kind=kind,
            payment_id=_uuid(names.get("payment_id")),
            references=(str(thing["id"]),),
            gateway_payment_id=str(thing["id"]),
            gateway_capture_id=thing.get("latest_charge"),
            amount=None if received is None else major_units(received, currency),
            currency=currency,
            failure_code=error.get("decline_code") or error.get("code"),
            failure_reason=error.get("message"),
        )

    def _read_refund(
        self, content: Mapping[str, Any], refund: Mapping[str, Any], names: Mapping[str, Any]
    ) -> WebhookEvent:
        kinds: Mapping[str, EventKind] = {
            "succeeded": "refunded",
            "failed": "refund_failed",
            "canceled": "refund_failed",
        }
        currency = str(refund["currency"]).upper()
        references = [str(refund[name]) for name in ("payment_intent", "charge") if refund.get(name)]
        return WebhookEvent(
            id=str(content["id"]),
            type=str(content["type"]),
            kind=kinds.get(str(refund.get("status"))),
            payment_id=_uuid(names.get("payment_id")),
            refund_id=_uuid(names.get("refund_id")),
            references=tuple(references),
            gateway_payment_id=refund.get("payment_intent"),
            gateway_refund_id=str(refund["id"]),
            amount=major_units(refund["amount"], currency),
            currency=currency,
            failure_reason=refund.get("failure_reason"),
        )

    def _confirmation(self, request: GatewayRequest) -> Any:
        params: dict[str, Any] = {"payment_method": request.token}
        if request.return_url is not None:
            params["return_url"] = request.return_url
        return params

    async def _intent(self, call: Callable[[], Any]) -> GatewayOutcome:
        try:
            intent = _plain(await _ask(call))
        except stripe.StripeError as error:
            return _failure(error)
        return _intent_outcome(intent)


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount as Stripe counts it.

    Examples
    --------
    >>> minor_units(Decimal("19.90"), "EUR"), minor_units(Decimal("500"), "JPY")
    (1990, 500)
    """
    return int(amount.scaleb(_digits(currency)))


def major_units(count: int, currency: str) -> Decimal:
    """Return Stripe's count as an amount."""
    return Decimal(count).scaleb(-_digits(currency))


def _digits(currency: str) -> int:
    return 2 if currency in _TWO_DECIMALS_AT_STRIPE else currency_digits(currency)


async def _ask(call: Callable[[], Result]) -> Result:
    """Call the SDK beside the event loop; what may have been done or not is an `AnswerLost`."""
    try:
        return await asyncio.to_thread(call)
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.IdempotencyError) as error:
        raise AnswerLost from error
    except stripe.APIError as error:
        raise AnswerLost from error


def _failure(error: stripe.StripeError) -> GatewayOutcome:
    """Read a refusal; a declined card comes with its PaymentIntent."""
    content: Any = error.json_body or {}
    body: Mapping[str, Any] = content.get("error") or {}
    intent = body.get("payment_intent") or {}
    return GatewayOutcome(
        "failed",
        gateway_payment_id=intent.get("id"),
        failure_code=body.get("decline_code") or body.get("code") or type(error).__name__,
        failure_reason=body.get("message") or "The provider refused the request.",
        answer={"error": {name: body.get(name) for name in ("type", "code", "decline_code", "param")}},
    )


def _intent_outcome(intent: Mapping[str, Any]) -> GatewayOutcome:
    currency = str(intent["currency"]).upper()
    status = _STATUSES.get(str(intent["status"]))
    if status is None:  # requires_payment_method: nothing chargeable was given yet, or it failed
        error = intent.get("last_payment_error")
        if error:
            return GatewayOutcome(
                "failed",
                gateway_payment_id=str(intent["id"]),
                failure_code=error.get("decline_code") or error.get("code"),
                failure_reason=error.get("message"),
            )
        status = "action_required"
    counted = {"captured": "amount_received", "authorised": "amount_capturable"}.get(status)
    return GatewayOutcome(
        status,
        amount=None if counted is None else major_units(intent[counted], currency),
        gateway_payment_id=str(intent["id"]),
        gateway_capture_id=intent.get("latest_charge"),
        action=_action(intent) if status == "action_required" else None,
        answer={name: intent.get(name) for name in ("id", "status", "amount", "currency", "latest_charge")},
    )


def _action(intent: Mapping[str, Any]) -> Mapping[str, Any]:
    step = intent.get("next_action") or {}
    address = (step.get("redirect_to_url") or {}).get("url")
    if address:
        return {"type": "redirect", "url": address}
    return {"type": "client_secret", "client_secret": intent.get("client_secret")}


def _refund_outcome(refund: Mapping[str, Any], currency: str) -> GatewayOutcome:
    statuses: Mapping[str, OutcomeStatus] = {
        "succeeded": "refunded",
        "failed": "failed",
        "canceled": "failed",
    }
    return GatewayOutcome(
        statuses.get(str(refund["status"]), "pending"),
        amount=major_units(refund["amount"], currency),
        gateway_refund_id=str(refund["id"]),
        failure_reason=refund.get("failure_reason"),
        answer={name: refund.get(name) for name in ("id", "status", "amount", "currency")},
    )


def _card(method: Mapping[str, Any]) -> CardDetails | None:
    card = method.get("card")
    if not card:
        return None
    holder = (method.get("billing_details") or {}).get("name")
    return CardDetails(
        card.get("brand"), card.get("last4"), card.get("exp_month"), card.get("exp_year"), holder
    )


def _names(request: GatewayRequest) -> dict[str, str]:
    """Our own ids, by which a webhook finds its payment."""
    names = {"company_id": str(request.company_id), "payment_id": str(request.payment_id)}
    if request.refund_id is not None:
        names["refund_id"] = str(request.refund_id)
    return names


def _redirects(request: GatewayRequest) -> dict[str, Any]:
    allowed = "always" if request.return_url or request.token is None else "never"
    return {"enabled": True, "allow_redirects": allowed}


def _once(request: GatewayRequest, part: str = "") -> Any:
    return {"idempotency_key": f"{request.key}{part and '-' + part}"}


def _plain(thing: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(str(thing))
    return plain


def _uuid(text: Any) -> UUID | None:
    try:
        return None if text is None else UUID(str(text))
    except ValueError:
        return None
