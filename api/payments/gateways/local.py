"""The local gateway: the embedded default, with test tokens whose outcome is known beforehand.

======================== ==================================================================
token                    what happens
======================== ==================================================================
``tok_visa``             succeeds
``tok_declined``         fails: ``card_declined``
``tok_insufficient``     fails: ``insufficient_funds``
``tok_expired``          fails: ``expired_card``
``tok_3ds``              asks for a challenge; `confirm` with ``pass`` or anything else
``tok_timeout``          is charged, and the first answer gets lost
``tok_unreachable``      the first call gets lost before it is charged
======================== ==================================================================

Bank transfers need no token: they are pending until someone captures them or a webhook tells that the money
came. Like a real provider it keeps books of its own, in transactions of its own, and does nothing twice
under one key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from api.payments.gateways.contract import (
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
from api.payments.tables import local_gateway_entries as entries
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction

SIGNATURE_HEADER = "local-signature"
TOLERANCE_SECONDS = 300
TEST_CARD = CardDetails("visa", "4242", 12, 2030, "Test Buyer")
CHALLENGE = {"type": "challenge", "accepts": ["pass", "fail"]}
_FAILURES = {
    "tok_declined": ("card_declined", "The card was declined."),
    "tok_insufficient": ("insufficient_funds", "The card has insufficient funds."),
    "tok_expired": ("expired_card", "The card has expired."),
}
_KINDS: Mapping[str, EventKind] = {
    "payment.captured": "captured",
    "payment.authorised": "authorised",
    "payment.failed": "failed",
    "payment.voided": "voided",
    "refund.succeeded": "refunded",
    "refund.failed": "refund_failed",
}


class LocalGateway:
    """Plays a provider for one company."""

    def __init__(
        self, database: Database, company_id: UUID, webhook_keys: list[bytes], *, is_test: bool
    ) -> None:
        self._database = database
        self._company_id = company_id
        self._webhook_keys = webhook_keys
        self._is_test = is_test

    async def authorise(self, request: GatewayRequest) -> GatewayOutcome:
        """Do what the token says."""
        reference = request.gateway_payment_id or f"lpay_{request.payment_id.hex}"
        if request.method_code == "bank_transfer":
            action = {"type": "bank_transfer", "reference": request.transaction_number}
            return GatewayOutcome("pending", gateway_payment_id=reference, action=action)
        if not self._is_test:
            return _failed(reference, "test_gateway", "The local gateway charges no cards in production.")
        token = request.token or ""
        if token in _FAILURES:
            return _failed(reference, *_FAILURES[token])
        if token == "tok_3ds":
            return GatewayOutcome("action_required", gateway_payment_id=reference, action=CHALLENGE)
        if token not in ("tok_visa", "tok_timeout", "tok_unreachable"):
            return _failed(reference, "unknown_token", "The local gateway knows no such token.")
        if token == "tok_unreachable" and not await self._is_known(f"{request.key}:call"):
            await self._enter(replace(request, key=f"{request.key}:call"), "call", reference, "lost")
            raise AnswerLost
        return await self._charge(request, reference, is_answer_lost=token == "tok_timeout")

    async def confirm(self, request: GatewayRequest) -> GatewayOutcome:
        """End a challenge."""
        reference = request.gateway_payment_id or f"lpay_{request.payment_id.hex}"
        if request.method_code == "bank_transfer":
            return GatewayOutcome("pending", gateway_payment_id=reference)
        if request.challenge_result != "pass":
            return _failed(reference, "authentication_failed", "The buyer did not pass the challenge.")
        return await self._charge(request, reference, is_answer_lost=False)

    async def capture(self, request: GatewayRequest) -> GatewayOutcome:
        """Take the money."""
        await self._enter(request, "capture", request.gateway_payment_id or "", "captured")
        return GatewayOutcome("captured", amount=request.amount, gateway_capture_id=f"lcap_{request.key}")

    async def void(self, request: GatewayRequest) -> GatewayOutcome:
        """Let the money go."""
        await self._enter(request, "void", request.gateway_payment_id or "", "voided")
        return GatewayOutcome("voided")

    async def refund(self, request: GatewayRequest) -> GatewayOutcome:
        """Give money back."""
        await self._enter(request, "refund", request.gateway_payment_id or "", "refunded")
        return GatewayOutcome("refunded", amount=request.amount, gateway_refund_id=f"lref_{request.key}")

    async def keep(self, request: GatewayRequest) -> KeptMethod:
        """Keep a token as it is."""
        return KeptMethod(token=request.token or "", gateway_customer_id=None, card=TEST_CARD)

    async def believe(self, body: bytes, headers: Mapping[str, str], *, now: float) -> WebhookEvent:
        """Check the HMAC over time and raw body."""
        parts = dict(part.partition("=")[::2] for part in headers.get(SIGNATURE_HEADER, "").split(","))
        time, signature = parts.get("t", ""), parts.get("v1", "")
        if not time.isdecimal() or len(time) > 12 or abs(now - int(time)) > TOLERANCE_SECONDS:
            raise NotBelieved
        expected = [sign(body, key, at=int(time)) for key in self._webhook_keys]
        if not any(
            hmac.compare_digest(f"t={time},v1={signature}".encode(), one.encode()) for one in expected
        ):
            raise NotBelieved
        try:
            return self.read(json.loads(body))
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError):
            raise NotBelieved from None

    def read(self, content: Mapping[str, Any]) -> WebhookEvent:
        """Read our own format."""
        data: Mapping[str, Any] = content.get("data") or {}
        amount, payment_id, refund_id = data.get("amount"), data.get("payment_id"), data.get("refund_id")
        reference = data.get("gateway_payment_id")
        return WebhookEvent(
            id=str(content["id"]),
            type=str(content["type"]),
            kind=_KINDS.get(str(content["type"])),
            payment_id=None if payment_id is None else UUID(str(payment_id)),
            refund_id=None if refund_id is None else UUID(str(refund_id)),
            references=() if reference is None else (str(reference),),
            gateway_payment_id=reference,
            gateway_refund_id=data.get("gateway_refund_id"),
            amount=None if amount is None else Decimal(str(amount)),
            currency=data.get("currency"),
            failure_code=data.get("failure_code"),
            failure_reason=data.get("failure_reason"),
        )

    async def _charge(
        self, request: GatewayRequest, reference: str, *, is_answer_lost: bool
    ) -> GatewayOutcome:
        status: OutcomeStatus = "captured" if request.is_captured_at_once else "authorised"
        is_new = await self._enter(request, "charge", reference, status)
        if is_new and is_answer_lost:
            raise AnswerLost
        return GatewayOutcome(
            status,
            amount=request.amount,
            gateway_payment_id=reference,
            gateway_capture_id=f"lcap_{request.key}" if request.is_captured_at_once else None,
            card=TEST_CARD,
            answer={"status": status, "reference": reference},
        )

    async def _enter(self, request: GatewayRequest, kind: str, reference: str, outcome: str) -> bool:
        """Write one line into the books; False: it stands there under this key already."""

        async def work(connection: Any) -> bool:
            result = await connection.execute(
                sa.text(
                    "insert into local_gateway_entries"
                    " (company_id, key, kind, reference, amount, currency, outcome) values"
                    " (:company_id, :key, :kind, :reference, :amount, :currency, :outcome)"
                    " on conflict (company_id, key) do nothing returning id"
                ),
                {
                    "company_id": self._company_id,
                    "key": request.key,
                    "kind": kind,
                    "reference": reference,
                    "amount": request.amount,
                    "currency": request.currency,
                    "outcome": outcome,
                },
            )
            return result.first() is not None

        return await run_in_transaction(self._database, work, company_id=self._company_id)

    async def _is_known(self, key: str) -> bool:
        async def work(connection: Any) -> bool:
            found = sa.select(entries.c.id).where(
                entries.c.company_id == self._company_id, entries.c.key == key
            )
            return (await connection.execute(found)).first() is not None

        return await run_in_transaction(self._database, work, company_id=self._company_id)


def sign(body: bytes, key: bytes, *, at: int) -> str:
    """Write the header `SIGNATURE_HEADER` of a webhook."""
    return f"t={at},v1={hmac.new(key, str(at).encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def _failed(reference: str, code: str, reason: str) -> GatewayOutcome:
    return GatewayOutcome("failed", gateway_payment_id=reference, failure_code=code, failure_reason=reason)
