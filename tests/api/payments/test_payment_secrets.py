"""What is never stored, and what is stored only encrypted: card numbers, tokens, credentials."""

from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from api.payments.rotation import SEALED_COLUMNS, rotate_keys
from api.payments.rules import find_card_number, looks_like_card_number
from api.payments.vault import UnreadableSecret, Vault
from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.payments import PAYMENTS, charges, desk_of, intent, placed_order, post, process

# The networks' published test numbers.
CARDS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "5555-5555-5555-4444",
    "378282246310005",
    "x4000056655665556y",
]
STRIPE = {
    "provider": "stripe",
    "api_key": "sk_test_51ThisIsNoRealKey",
    "webhook_secret": "whsec_NoRealSecret",
}


@pytest.mark.parametrize("text", CARDS)
def test_card_numbers_are_recognised(text: str) -> None:
    assert looks_like_card_number(text)
    assert find_card_number({"a": [{"b": text}]}) == "/a/0/b"


@pytest.mark.parametrize(
    "text", ["4242424242424241", "tok_visa", "1700000000000", "+491701234567", "TXN-20261121-4K2JM", "20.00"]
)
def test_other_numbers_are_not(text: str) -> None:
    assert not looks_like_card_number(text)


@pytest.mark.parametrize("number", CARDS[:3])
async def test_a_card_number_is_refused_everywhere_and_stored_nowhere(
    api: Api, company: Company, number: str, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = api.token("customer", company)
    order = await placed_order(api, company)
    payment = await intent(api, company, order["id"])
    solid = number.replace(" ", "")
    refused = [
        await process(api, company, payment["id"], solid),
        await process(api, company, payment["id"], None, return_url=f"https://shop.example/?c={solid}"),
        await post(api, "/saved-methods", {"method": "credit_card", "token": solid}, headers),
        await post(
            api,
            "/intent",
            {"order_id": order["id"], "method": "upi", "metadata": {"note": number}},
            headers,
        ),
        await post(api, f"/{payment['id']}/confirm", {"challenge_result": solid}, headers),
        await post(api, f"/{payment['id']}/refund", {"reason": number}, api.token("company_admin", company)),
    ]
    for answer in refused:
        problem = assert_problem(answer, 422, "card_number_refused")
        assert number not in answer.text
        assert problem["errors"][0]["pointer"].startswith("/")
    assert charges(api) == 0
    assert rows_with(api, number) == rows_with(api, solid) == []
    captured = capfd.readouterr()
    assert number not in captured.out + captured.err


async def test_saved_methods_are_encrypted_tokens_of_their_customer(api: Api, company: Company) -> None:
    headers = api.token("customer", company)
    key = str(uuid4())
    body = {"method": "credit_card", "token": "tok_visa"}
    made = await post(api, "/saved-methods", body, headers, key=key)
    assert (made.status_code, made.json()["card_last_four"], made.json()["is_default"]) == (201, "4242", True)
    assert (await post(api, "/saved-methods", body, headers, key=key)).content == made.content
    assert rows_with(api, "tok_visa") == []
    other = (await post(api, "/saved-methods", body, headers)).json()
    path = f"{PAYMENTS}/saved-methods"
    chosen = await api.client.put(f"{path}/{other['id']}/default", headers=headers)
    assert chosen.json()["is_default"] is True
    listed = (await api.client.get(path, headers=headers)).json()["items"]
    assert [(one["id"], one["is_default"]) for one in listed] == [
        (other["id"], True),
        (made.json()["id"], False),
    ]
    payment = await intent(api, company, (await placed_order(api, company))["id"])
    paid = await process(api, company, payment["id"], None, saved_method_id=other["id"])
    assert paid.json()["payment_status"] == "paid"
    assert (await api.client.delete(f"{path}/{other['id']}", headers=headers)).status_code == 204
    token = "select token_encrypted from saved_payment_methods where id = %s"
    assert api.scalar(token, [other["id"]]) == ""
    payment = await intent(api, company, (await placed_order(api, company))["id"])
    gone = await process(api, company, payment["id"], None, saved_method_id=other["id"])
    assert_problem(gone, 422, "unknown_saved_method")


async def test_keys_rotate_and_old_ones_can_go(fresh_database: FreshDatabase, company: Company) -> None:
    async with open_api(fresh_database) as api:
        headers = api.token("company_admin", company)
        account = await api.client.put(f"{PAYMENTS}/gateways", json=STRIPE, headers=headers)
        assert account.status_code == 200, account.text
        assert STRIPE["api_key"] not in account.text
        customer = api.token("customer", company)
        await post(api, "/saved-methods", {"method": "credit_card", "token": "tok_visa"}, customer)
        payment = await intent(api, company, (await placed_order(api, company))["id"])
        await process(api, company, payment["id"], "tok_visa")
        desk = desk_of(api)
        old = (desk.settings.secrets_folder / "payment_keys").read_text().strip()
        new = Fernet.generate_key().decode()
        both, alone = Vault(f"{new},{old}"), Vault(new)
        sealed = sealed_values(api)
        assert len(sealed) >= 4
        with pytest.raises(UnreadableSecret):
            alone.open(sealed[0])
        assert await rotate_keys(api.app.state.database, both) == len(sealed)
        opened = [alone.open(value) for value in sealed_values(api)]
        assert "tok_visa" in opened
        assert {"api_key": STRIPE["api_key"], "webhook_secret": STRIPE["webhook_secret"]} in opened
        assert rows_with(api, STRIPE["api_key"]) == []


async def test_production_refuses_test_credentials(fresh_database: FreshDatabase, company: Company) -> None:
    async with open_api(fresh_database) as api:
        headers = api.token("company_admin", company)
        api.app.state.payment_desk = desk_of(api)
        api.app.state.settings = api.app.state.settings.model_copy(update={"environment": "production"})
        paypal = {
            "provider": "paypal",
            "client_id": "A" * 20,
            "client_secret": "E" * 20,
            "webhook_id": "8XL79430",
        }
        for account in (STRIPE, paypal):
            answer = await api.client.put(f"{PAYMENTS}/gateways", json=account, headers=headers)
            assert_problem(answer, 422, "test_credentials_refused")
        assert api.scalar("select count(*) from payment_gateways") == 0
        live = STRIPE | {"api_key": "sk_live_51ThisIsNoRealKey"}
        kept = await api.client.put(f"{PAYMENTS}/gateways", json=live, headers=headers)
        assert (kept.status_code, kept.json()["is_live"]) == (200, True)


async def test_ways_to_pay_are_the_company_s_to_choose(api: Api, company: Company) -> None:
    admin, customer = api.token("company_admin", company), api.token("customer", company)
    listed = (await api.client.get(f"{PAYMENTS}/methods", headers=customer)).json()["items"]
    assert [one["code"] for one in listed] == [
        "credit_card",
        "debit_card",
        "upi",
        "net_banking",
        "wallet",
        "paypal",
        "bank_transfer",
    ]
    path = f"{PAYMENTS}/methods/{listed[2]['id']}"
    assert_problem(
        await api.client.patch(path, json={"is_active": False}, headers=admin), 428, "version_required"
    )
    version = (await api.client.get(path, headers=admin)).headers["etag"]
    changed = await api.client.patch(path, json={"is_active": False}, headers=admin | {"If-Match": version})
    assert changed.json()["is_active"] is False
    stale = await api.client.patch(path, json={"name": "X"}, headers=admin | {"If-Match": version})
    assert_problem(stale, 412, "stale_version")
    taken = {"name": "Wallet"}
    twice = await api.client.patch(path, json=taken, headers=admin | {"If-Match": changed.headers["etag"]})
    assert_problem(twice, 409, "already_exists")
    order = await placed_order(api, company)
    body = {"order_id": order["id"], "method": "upi"}
    assert_problem(await post(api, "/intent", body, customer), 422, "unknown_payment_method")


def sealed_values(api: Api) -> list[str]:
    values: list[str] = []
    for column in SEALED_COLUMNS:
        sql = f"select {column.name} from {column.table.name} where {column.name} <> ''"
        values += [row[0] for row in api.rows(sql)]
    return values


def rows_with(api: Api, text: str) -> list[str]:
    """Tables of which any row holds a text, in whatever column."""
    tables = api.rows("select tablename from pg_tables where schemaname = 'public'")
    return [
        table
        for (table,) in tables
        if api.scalar(f"select count(*) from {table} as row where row::text like %s", [f"%{text}%"])
    ]
