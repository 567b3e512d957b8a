"""What can go wrong with companies."""

from api.errors import InvalidContent


class UnknownTimeZone(InvalidContent):
    code = "unknown_time_zone"
    title = "There is no such time zone"
    detail = "Use an IANA name such as Europe/Berlin or UTC."
