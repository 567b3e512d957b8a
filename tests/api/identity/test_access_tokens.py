"""Forged access tokens (check 31), and what a good one opens."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from api.access import Remembered
from api.identity.tokens import AccessTokens, Grant, TokenError
from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company

KEY = "a key of more than sixty-four characters, because HS512 wants so many"
OTHER_KEY = "another key of more than sixty-four characters, for HS512 wants so many"
USER_ID = new_id()
TOKENS = AccessTokens(key=KEY, lifetime=timedelta(minutes=15))


def claims(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    wanted = {
        "iss": "stockwise", "aud": "stockwise-api", "sub": str(USER_ID), "userId": str(USER_ID),
        "iat": now, "nbf": now, "exp": now + timedelta(minutes=5), "jti": "1", "email": "a@example.com",
        "roles": ["company_admin"], "companyId": None, "shopIds": None, "customerId": None,
        "approvalLimitAmount": None, "sid": None,
    } | changed  # fmt: skip
    return {name: value for name, value in wanted.items() if value != "left out"}


def signed(*, key: str = KEY, kid: str | None = None, algorithm: str = "HS256", **changed: Any) -> str:
    headers = {"kid": TOKENS.key_id if kid is None else kid}
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT", "kid": TOKENS.key_id}, claims(iat=0, nbf=0, exp=9_999_999_999)]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts) + "."


def altered() -> str:
    head, body, signature = signed().split(".")
    content = json.loads(base64.urlsafe_b64decode(body + "=="))
    content["roles"] = ["super_admin"]
    return ".".join([head, base64.urlsafe_b64encode(json.dumps(content).encode()).decode(), signature])


FORGED = {
    "no algorithm": unsigned(),
    "another key": signed(key=OTHER_KEY),
    "another key's name": signed(kid="0000000000000000"),
    "a path as key name": signed(kid="../../dev/null"),
    "a query as key name": signed(kid="' or 1=1 --"),
    "expired": signed(exp=datetime.now(UTC) - timedelta(minutes=1)),
    "not yet valid": signed(nbf=datetime.now(UTC) + timedelta(minutes=5)),
    "another audience": signed(aud="somewhere-else"),
    "another issuer": signed(iss="someone-else"),
    "no expiry": signed(exp="left out"),
    "no subject": signed(sub="left out"),
    "two users": signed(userId=str(new_id())),
    "altered roles": altered(),
    "another algorithm": signed(algorithm="HS512"),
    "roles that are no list": signed(roles=7),
    "not a token": "abc",
    "empty parts": "..",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_forged_tokens_are_refused(token: str) -> None:
    with pytest.raises(TokenError):
        TOKENS.read(token)


def test_a_token_carries_its_grant() -> None:
    grant = Grant(
        user_id=new_id(),
        email="ada@example.com",
        roles=frozenset({"buyer", "shop_staff"}),
        company_id=new_id(),
        shop_ids=frozenset({new_id()}),
        customer_id=new_id(),
        session_id=new_id(),
    )
    now = datetime.now(UTC)
    read, expires_at = TOKENS.read(TOKENS.issue(grant, now=now))
    assert read == grant
    assert abs(expires_at - (now.timestamp() + 15 * 60)) <= 1


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer x", "Basic YTpi", "bearer  ", "Bearer " + "x" * 9000]
)
async def test_a_bad_credential_is_refused_and_not_ignored(
    api: Api, two_companies: tuple[Company, Company], authorization: str
) -> None:
    headers = {"Authorization": authorization}
    response = await api.client.get("/api/v1/auth/verify", headers=headers)
    assert_problem(response, 401, "invalid_token")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    # A good storefront key beside it does not help.
    headers |= api.storefront(two_companies[0])
    assert_problem(await api.client.get("/api/v1/products", headers=headers), 401, "invalid_token")


def test_what_is_remembered_ends_in_time_and_is_bounded() -> None:
    seconds = 100.0
    memory: Remembered[str] = Remembered(most=2, now=lambda: seconds)
    memory.put(b"a", "A", until=101.0)
    assert memory.get(b"a") == "A"
    seconds = 101.0
    assert memory.get(b"a") is None
    for name in (b"x", b"y", b"z"):
        memory.put(name, "value", until=200.0)
    assert [memory.get(name) for name in (b"x", b"y", b"z")] == [None, "value", "value"]


async def test_a_storefront_key_and_a_token_of_two_companies_do_not_mix(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    headers = api.token("customer", acme) | api.storefront(bolt)
    assert_problem(await api.client.get("/api/v1/products", headers=headers), 401, "invalid_storefront_key")
    unknown = {"X-Storefront-Key": "swk_unknown"}
    assert_problem(await api.client.get("/api/v1/products", headers=unknown), 401, "invalid_storefront_key")
