"""What can go wrong with an order."""

from __future__ import annotations

from api.errors import Conflict, InvalidContent


class UnknownSku(InvalidContent):
    """Unknown, another company's, or not sold in this shop: the answers are the same."""

    code = "unknown_sku"
    title = "Something ordered is not sold here"
    detail = "Some lines name nothing that is sold in this shop."


class UnknownShop(InvalidContent):
    code = "unknown_shop"
    title = "There is no such shop"
    detail = "The order names no open shop of this company."


class UnknownCustomer(InvalidContent):
    code = "unknown_customer"
    title = "There is no such customer"
    detail = "The order names no customer of this company."


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "Not enough stock"
    detail = "Some lines want more than is available; nothing was ordered."


class PriceChanged(Conflict):
    code = "price_changed"
    title = "The price has changed"
    detail = "The total is no longer the one that was expected; nothing was ordered."


class NotOnHand(Conflict):
    code = "not_on_hand"
    title = "The goods are not there yet"
    detail = "Some of the order's units are promised but not on hand, so it can't be shipped."


class ReturnWindowOpen(Conflict):
    code = "return_window_open"
    title = "The order may still be returned"
    detail = "An order is completed when its return window has passed."


class ReturnOpen(Conflict):
    code = "return_open"
    title = "Goods are on their way back"
    detail = "An order is completed when no return of it is requested or approved any more."


class UnknownOrderLine(InvalidContent):
    code = "unknown_order_line"
    title = "The order has no such line"
    detail = "Some lines are not lines of this order."


class TooManyUnits(Conflict):
    code = "too_many_units"
    title = "So many units are not left"
    detail = "Some lines have fewer units left for this. Nothing was changed."
