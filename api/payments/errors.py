"""What can go wrong with a payment. A declined card is no error: it is an answer with a reason."""

from __future__ import annotations

from api.errors import ApiError, Conflict, InvalidContent, ServiceUnavailable


class OrderNotPayable(Conflict):
    code = "order_not_payable"
    title = "There is nothing to pay here"
    detail = "The order was cancelled, is paid already, or costs nothing."


class PaymentNotOpen(Conflict):
    code = "payment_not_open"
    title = "The payment's status does not allow this"
    detail = "The payment is not in a status from which this can be done."


class PaymentInProgress(Conflict):
    code = "payment_in_progress"
    title = "The payment is being carried out"
    detail = "The provider is being asked right now. Ask again shortly."
    retry_after_seconds = 1


class OperationNotLost(Conflict):
    code = "operation_not_lost"
    title = "This needs no settling by hand"
    detail = (
        "The operation is finished, or the provider is still being asked. Settle only what needs_settling."
    )


class CaptureExceedsAuthorised(Conflict):
    code = "capture_exceeds_authorised"
    title = "More than was authorised"
    detail = "A capture can't be larger than what was authorised."


class RefundExceedsCaptured(Conflict):
    code = "refund_exceeds_captured"
    title = "More than was paid"
    detail = "All refunds of an order together, pending ones too, can't exceed what was captured for it."


class OutcomeNotPossible(InvalidContent):
    code = "outcome_not_possible"
    title = "It can't have ended so"
    detail = "An operation of this kind can't have this outcome."


class UnknownPaymentMethod(InvalidContent):
    code = "unknown_payment_method"
    title = "This way to pay is not offered"
    detail = "The company offers no such active payment method."


class UnknownSavedMethod(InvalidContent):
    code = "unknown_saved_method"
    title = "There is no such saved payment method"
    detail = "The customer has no such saved payment method with this provider."


class PaymentTokenRequired(InvalidContent):
    code = "payment_token_required"
    title = "A token is needed"
    detail = "This payment method needs a token of its provider, or a saved payment method."


class CardNumberRefused(InvalidContent):
    code = "card_number_refused"
    title = "Card numbers are not taken here"
    detail = "This looks like a card number. Send the token that the payment provider made of it."


class GatewayNotConfigured(Conflict):
    code = "gateway_not_configured"
    title = "The payment provider is not set up"
    detail = "The company has no active account with this payment provider."


class TestCredentialsRefused(InvalidContent):
    __test__ = False
    code = "test_credentials_refused"
    title = "These are test credentials"
    detail = "Production takes the credentials of a live account only."


class PaymentOutcomeUnknown(ServiceUnavailable):
    code = "payment_outcome_unknown"
    title = "The payment provider did not answer"
    detail = "The provider did not answer in time. Repeat the request with the same key: it is charged once."
    retry_after_seconds = 2


class WebhookRefused(ApiError):
    """Unknown account, wrong signature, too old, or unreadable: the answers are the same."""

    status = 400
    code = "webhook_refused"
    title = "The webhook is not believed"
    detail = "The signature does not fit the body, or is too old."
