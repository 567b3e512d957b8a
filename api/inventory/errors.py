"""What can go wrong with stock."""

from __future__ import annotations

from api.errors import Conflict


class InsufficientStock(Conflict):
    code = "insufficient_stock"
    title = "There is not enough stock for this"
    detail = "It would leave fewer units on hand than nothing, or than are promised. Nothing was changed."


class OnHandChanged(Conflict):
    code = "on_hand_changed"
    title = "The stock was changed meanwhile"
    detail = "The units on hand are not those that were expected. Nothing was changed."


class NotReserved(Conflict):
    code = "not_reserved"
    title = "The line does not hold as many units"
    detail = "Fewer units are reserved for this line than should be used or given back. Nothing was changed."
