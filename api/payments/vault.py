"""What is encrypted at rest: tokens, credentials, providers' answers, card details.

Keys come from the secret ``payment_keys``, the newest first: it encrypts, all of them decrypt. To change
keys, put a new one in front, run ``stockwise rotate-payment-keys``, then take the old one away.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.errors import StockwiseError


class UnreadableSecret(StockwiseError):
    """Something was encrypted with a key that is gone."""


class Vault:
    """Encrypts and decrypts with the keys of one ``payment_keys``."""

    def __init__(self, payment_keys: str) -> None:
        self._keys = [key.strip() for key in payment_keys.split(",") if key.strip()]
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in self._keys])

    def seal(self, content: Mapping[str, Any] | Sequence[Any] | str) -> str:
        """Encrypt something that JSON can hold."""
        return self._fernet.encrypt(json.dumps(content, default=str).encode()).decode()

    def open(self, sealed: str) -> Any:
        """Decrypt what `seal` made.

        Raises
        ------
        UnreadableSecret
            If none of the keys fits.
        """
        try:
            return json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            raise UnreadableSecret(
                "A payment secret was encrypted with a key that is not in payment_keys.",
                hint="Put the old key back, behind the new one, and run stockwise rotate-payment-keys.",
            ) from None

    def reseal(self, sealed: str) -> str:
        """Encrypt with the newest key what any of the keys encrypted."""
        return self._fernet.rotate(sealed.encode()).decode()

    def derived_keys(self, purpose: str) -> list[bytes]:
        """Return a key for ``purpose`` per payment key, the newest first."""
        return [hmac.digest(key.encode(), purpose.encode(), "sha256") for key in self._keys]


@lru_cache(maxsize=8)
def open_vault(payment_keys: str) -> Vault:
    """Return the vault of these keys."""
    return Vault(payment_keys)


def _fernet_key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"payments " + secret.encode()).digest())
