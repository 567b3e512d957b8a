"""Passwords: which are good enough, and how they are kept.

New passwords are hashed with Argon2id. Imported bcrypt hashes verify too, and are hashed anew at the next
login. Hashing takes tens of milliseconds and 64 MiB, so it runs in a few threads beside the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import anyio.to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 512
MOST_AT_ONCE = 4
# All that bcrypt ever looked at; its library refuses more.
_BCRYPT_BYTES = 72
_COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt")
_hashers = PasswordHash((Argon2Hasher(), BcryptHasher()))


@dataclass(frozen=True)
class Verified:
    """Whether the password was right, and the hash to keep from now on if it changes."""

    is_right: bool
    new_hash: str | None = None


async def hash_password(password: str) -> str:
    """Hash a password with Argon2id."""
    return await anyio.to_thread.run_sync(_hashers.hash, password, limiter=_limiter())


async def verify_password(password: str, password_hash: str | None) -> Verified:
    """Check a password; with no hash (an unknown user) it takes as long, and is wrong."""
    return await anyio.to_thread.run_sync(_verify, password, password_hash, limiter=_limiter())


def weakness_of(password: str, *, email: str) -> str | None:
    """Say why a password is not good enough; None: it is."""
    if len(password) < SHORTEST_PASSWORD:
        return f"A password has at least {SHORTEST_PASSWORD} characters."
    if len(password) > LONGEST_PASSWORD:
        return f"A password has at most {LONGEST_PASSWORD} characters."
    if password.casefold() in _common_passwords() or len(set(password)) < 3:
        return "This password is among those that are tried first. Choose another."
    if password.casefold() in (email.casefold(), email.partition("@")[0].casefold()):
        return "A password must not be your e-mail address."
    return None


def _verify(password: str, password_hash: str | None) -> Verified:
    if password_hash is None:
        _hashers.verify(password, _hash_of_nobody())
        return Verified(is_right=False)
    secret: str | bytes = password
    if BcryptHasher.identify(password_hash):
        secret = password.encode("utf-8", "replace")[:_BCRYPT_BYTES]
    try:
        is_right, new_hash = _hashers.verify_and_update(secret, password_hash)
    except UnknownHashError:
        return Verified(is_right=False)
    if new_hash is not None and secret != password:
        new_hash = _hashers.hash(password)
    return Verified(is_right=is_right, new_hash=new_hash)


@cache
def _hash_of_nobody() -> str:
    return _hashers.hash("a password that no one has")


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(_COMMON_PASSWORDS.read_text(encoding="utf-8").split())


@cache
def _limiter() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(MOST_AT_ONCE)
