"""Which passwords are good enough, and how they are kept."""

import bcrypt
import pytest

from api.identity.passwords import hash_password, verify_password, weakness_of
from tests.support.api_client import Api
from tests.support.companies import Company

PASSWORD = "correct horse battery"


async def test_a_password_verifies_against_its_own_hash_alone() -> None:
    kept = await hash_password(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert (await verify_password(PASSWORD, kept)).is_right
    assert not (await verify_password(PASSWORD + "!", kept)).is_right
    assert not (await verify_password(PASSWORD, None)).is_right
    assert not (await verify_password(PASSWORD, "-")).is_right


@pytest.mark.parametrize("password", [PASSWORD, "é" * 60])
async def test_an_imported_bcrypt_hash_verifies_and_is_replaced(password: str) -> None:
    imported = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    verified = await verify_password(password, imported)
    assert verified.is_right
    assert verified.new_hash is not None
    assert verified.new_hash.startswith("$argon2id$")
    # The new hash is of the whole password, not of bcrypt's first 72 bytes.
    assert (await verify_password(password, verified.new_hash)).is_right
    assert not (await verify_password("wrong", imported)).is_right


async def test_a_login_rehashes_what_was_imported(api: Api, two_companies: tuple[Company, Company]) -> None:
    imported = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    with api.database.connect("owner") as owner:
        owner.execute("update users set password_hash = %s where email = 'acme@example.com'", [imported])
    body = {"email": "acme@example.com", "password": PASSWORD}
    for _ in range(2):
        assert (await api.client.post("/api/v1/auth/login", json=body)).status_code == 200
    kept = api.scalar("select password_hash from users where email = 'acme@example.com'")
    assert kept.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("password", "is_weak"),
    [
        ("Ab1!xyz", True),
        ("Ab1!xyzq", False),
        ("QWERTY123", True),
        ("abababababab", True),
        ("ada.lovelace", True),
        ("x1" * 300, True),
        (PASSWORD, False),
    ],
)
def test_weak_passwords_are_named(password: str, is_weak: bool) -> None:
    assert (weakness_of(password, email="ada.lovelace@example.com") is not None) == is_weak
