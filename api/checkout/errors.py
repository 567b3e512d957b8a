"""What can go wrong with a checkout."""

from __future__ import annotations

from api.errors import Conflict, InvalidContent


class CartEmpty(InvalidContent):
    code = "cart_empty"
    title = "The cart is empty"
    detail = "There is nothing in the cart to buy."


class CartClosed(Conflict):
    code = "cart_closed"
    title = "The cart was closed"
    detail = "The cart was merged into another or expired; it can't be bought."


class CartHasProblems(Conflict):
    code = "cart_has_problems"
    title = "Some lines can't be bought as they are"
    detail = "Stock or prices have changed since they were put into the cart; see lines. Nothing was ordered."


class EmailRequired(InvalidContent):
    code = "email_required"
    title = "An e-mail address is required"
    detail = "A guest gives an e-mail address, so that the order can be told of."
