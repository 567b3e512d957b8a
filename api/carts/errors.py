"""What can go wrong with a cart."""

from api.errors import Conflict, InvalidContent


class CartLimitExceeded(Conflict):
    """More lines, units, codes or saved items than the settings allow."""

    code = "cart_limit_exceeded"
    title = "More than a cart holds"
    detail = "The cart would hold more lines, units of a line, coupons or saved items than are allowed."


class TooFewAvailable(Conflict):
    """An edit wants more of a variant than there is; a line may still come to that state by itself."""

    code = "too_few_available"
    title = "There are not that many"
    detail = "Some lines want more than is available. Nothing was changed."


class NotSoldHere(InvalidContent):
    """Unknown, another company's, or not sold in this shop: the answers are the same."""

    code = "not_sold_here"
    title = "This is not sold here"
    detail = "Something names no variant that is sold in this shop."


class UnknownCartShop(InvalidContent):
    code = "unknown_cart_shop"
    title = "No such shop sells here"
    detail = "Name an open shop of this company, or send its storefront's key."


class CouponNotAccepted(Conflict):
    """The code does not count for this cart as it is; ``reason`` says why."""

    code = "coupon_not_accepted"
    title = "The coupon does not count here"
    detail = "The coupon does not count for this cart. The cart was not changed."
