"""What can go wrong with a return."""

from __future__ import annotations

from api.errors import Conflict, InvalidContent


class ReturnWindowClosed(Conflict):
    code = "return_window_closed"
    title = "The time to return this has passed"
    detail = "Some units were delivered too long ago to be returned."


class NotReturnable(Conflict):
    code = "not_returnable"
    title = "So many units can't be returned"
    detail = "Some lines have fewer units that were delivered and are not returned yet. Nothing was changed."


class UnknownReturnLine(InvalidContent):
    code = "unknown_return_line"
    title = "The return has no such line"
    detail = "Some lines are not lines of this return."


class NothingReceived(InvalidContent):
    code = "nothing_received"
    title = "Nothing came"
    detail = "A receipt names at least one unit; reject a return of which nothing came."


class TooMuchReceived(Conflict):
    code = "too_much_received"
    title = "More came than was approved"
    detail = "Some lines have more units than the return allows. Nothing was changed."


class UnknownReturnLocation(InvalidContent):
    code = "unknown_return_location"
    title = "The shop does not draw on this location"
    detail = "Name an active location on which the order's shop draws."


class RefundTooLarge(Conflict):
    code = "refund_too_large"
    title = "More than was paid for the goods"
    detail = "A return pays back at most what the units that came were paid with."
