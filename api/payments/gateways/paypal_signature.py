"""Whether a webhook is PayPal's: RSA-SHA256 over id, time, webhook id and CRC32 of the raw body.

The certificate is fetched from the address that the webhook names, which therefore must be PayPal's own
(developer.paypal.com/api/rest/webhooks/rest, "Self verification method").
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from api.payments.gateways.contract import NotBelieved

CERTIFICATE_HOSTS: Final = frozenset(
    {"api.paypal.com", "api-m.paypal.com", "api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}
)
TOLERANCE_SECONDS = 300
LONGEST_CERTIFICATE = 50_000
_FETCH_SECONDS = 5
_MOST_CERTIFICATES = 20
_certificates: dict[str, bytes] = {}


def believe(
    body: bytes, headers: Mapping[str, str], *, webhook_id: str, session: requests.Session, now: float
) -> None:
    """Check the signature of a webhook.

    Raises
    ------
    NotBelieved
        If it is missing, too old, of another algorithm or another body, or its certificate is not PayPal's.
    """
    try:
        transmission_id = headers["paypal-transmission-id"]
        time = headers["paypal-transmission-time"]
        signature = base64.b64decode(headers["paypal-transmission-sig"], validate=True)
        address = headers["paypal-cert-url"]
        if headers["paypal-auth-algo"] != "SHA256withRSA":
            raise NotBelieved
        sent_at = datetime.fromisoformat(time)
        if sent_at.tzinfo is None or abs(now - sent_at.timestamp()) > TOLERANCE_SECONDS:
            raise NotBelieved
        signed = f"{transmission_id}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()
        key = _public_key(_certificate(address, session), now=now)
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except (KeyError, ValueError, binascii.Error, InvalidSignature, OverflowError):
        raise NotBelieved from None


def _certificate(address: str, session: requests.Session) -> bytes:
    """Fetch a certificate from PayPal's own hosts, once."""
    parts = urlsplit(address)
    if (
        parts.scheme != "https"
        or parts.hostname not in CERTIFICATE_HOSTS
        or parts.port not in (None, 443)
        or parts.username is not None
    ):
        raise NotBelieved
    known = _certificates.get(address)
    if known is not None:
        return known
    try:
        answer = session.get(address, timeout=_FETCH_SECONDS, allow_redirects=False)
    except requests.RequestException:
        raise NotBelieved from None
    if answer.status_code != 200 or len(answer.content) > LONGEST_CERTIFICATE:
        raise NotBelieved
    if len(_certificates) >= _MOST_CERTIFICATES:
        _certificates.clear()
    _certificates[address] = answer.content
    return answer.content


def _public_key(pem: bytes, *, now: float) -> rsa.RSAPublicKey:
    certificate = x509.load_pem_x509_certificate(pem)
    instant = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= instant <= certificate.not_valid_after_utc:
        raise NotBelieved
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotBelieved
    return key
