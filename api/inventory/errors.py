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


class LocationNotEmpty(Conflict):
    code = "location_not_empty"
    title = "The location is still in use"
    detail = "Stock lies there, or a transfer, count or restock order is open. Nothing was changed."


class SystemLocation(Conflict):
    code = "system_location"
    title = "This location is kept by the system"
    detail = "Units on their way between locations lie here; it can't be changed."


class CountOpen(Conflict):
    code = "count_open"
    title = "Another count of this is open"
    detail = "Some variants are on another open count sheet of the location. Close or cancel that one first."


class CountIncomplete(Conflict):
    code = "count_incomplete"
    title = "Not everything is counted"
    detail = "Some variants have no counted units: enter them, or close with leave_uncounted."


class OverTransfer(Conflict):
    code = "over_transfer"
    title = "More arrived than is on its way"
    detail = "Received and lost units together can't be more than is still on its way. Nothing was changed."
