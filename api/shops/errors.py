"""What can go wrong with shops."""

from api.errors import Conflict


class TooManyKeys(Conflict):
    code = "too_many_keys"
    title = "The shop has enough keys"
    detail = "A shop has at most 20 keys that are not revoked. Revoke one first."
