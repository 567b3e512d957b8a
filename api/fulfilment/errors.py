"""What can go wrong with shipments and invoices."""

from __future__ import annotations

from api.errors import Conflict, InvalidContent, NotFound


class LocationNeeded(InvalidContent):
    code = "location_needed"
    title = "The goods lie at several locations"
    detail = "A tracking number is one parcel's: name the location that sends it, and its lines."


class NotHeldThere(Conflict):
    code = "not_held_there"
    title = "The location does not hold these units"
    detail = "Fewer units of some lines are held for the order at this location. Nothing was changed."


class EventInFuture(InvalidContent):
    code = "event_in_future"
    title = "This has not happened yet"
    detail = "A tracking event tells of something that has happened."


class AlreadyDelivered(Conflict):
    code = "already_delivered"
    title = "The shipment has been delivered"
    detail = "After its delivery a shipment has no further tracking events."


class InvoiceNotIssued(NotFound):
    code = "invoice_not_issued"
    title = "There is no invoice yet"
    detail = "The invoice is issued shortly after the order is paid or its first goods are sent."
