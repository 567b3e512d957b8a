"""What can go wrong with shipping."""

from api.errors import InvalidContent


class ShippingUnavailable(InvalidContent):
    code = "shipping_unavailable"
    title = "It can't be shipped there this way"
    detail = "No such shipping method carries these goods to this destination. Ask for quotes first."
