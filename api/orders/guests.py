"""How a guest, who has no account, is let to the order they placed.

A storefront's key is public and opens no order by itself: with it comes the e-mail address that the order was
placed with, or the token of the cart that it was bought from. `api.orders.access` compares them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Header

from api.access import Caller, CurrentCaller, GuestProof
from api.carts.owners import CartToken, session_sha256
from api.idempotency import Keyed, KeyedRequest

ORDER_EMAIL_HEADER = "X-Order-Email"
LONGEST_EMAIL = 254

OrderEmail = Annotated[
    str | None,
    Header(
        alias=ORDER_EMAIL_HEADER,
        max_length=LONGEST_EMAIL,
        description="For guests, beside the storefront's key: the address that the order was placed with",
    ),
]


def as_guest(caller: Caller, *, email: str | None, token: str | None = None) -> Caller:
    """Return the storefront's caller with what the guest shows; a person is who they are without it."""
    if caller.shop_id is None or caller.kind != "storefront" or (email is None and token is None):
        return caller
    proof = GuestProof(
        shop_id=caller.shop_id,
        email=None if email is None else unicodedata.normalize("NFC", email.strip()),
        session_sha256=None if token is None else session_sha256(token),
    )
    return replace(caller, guest_proof=proof)


async def _order_caller(caller: CurrentCaller, email: OrderEmail = None, token: CartToken = None) -> Caller:
    return as_guest(caller, email=None if email is None else _as_utf8(email), token=token)


OrderCaller = Annotated[Caller, Depends(_order_caller)]


async def _order_keyed(caller: OrderCaller, keyed: Keyed) -> KeyedRequest:
    """Bind the key to the guest: guests of a storefront share its key, and a stored answer is not for all."""
    proof = caller.guest_proof
    if proof is None:
        return keyed
    shown = (proof.email or "").lower().encode() + b"\n" + (proof.session_sha256 or b"")
    return replace(keyed, scope=f"{keyed.scope} {hashlib.sha256(shown).hexdigest()[:16]}")


OrderKeyed = Annotated[KeyedRequest, Depends(_order_keyed)]


def _as_utf8(value: str) -> str:
    """Read a header as what clients send; the server reads its bytes as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
