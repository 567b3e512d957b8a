"""Stripe and PayPal by their SDKs, against a stub that answers as their documentation says."""

import base64
import json
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from api.payments.gateways import paypal_signature
from tests.support.api_client import Api, assert_problem, open_api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.payment_stub import AUTHORISATION_ID, CAPTURE_ID, REFUND_ID, Stub, run_stub
from tests.support.payments import PAYMENTS, intent, placed_order, post, process, refund, run_worker

STRIPE = {"provider": "stripe", "api_key": "sk_test_51NoRealKeyAtAll", "webhook_secret": "whsec_NoRealSecret"}
PAYPAL = {
    "provider": "paypal",
    "client_id": "A" * 40,
    "client_secret": "E" * 40,
    "webhook_id": "8XL79430PL0733531",
}
CERTIFICATE_URL = "https://api.paypal.com/certs/CERT-360caa42-fca2a594-1d93a270"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with run_stub() as running:
        yield running


@pytest.fixture
async def shop(fresh_database: FreshDatabase, stub: Stub, company: Company) -> AsyncIterator[Api]:
    """An API whose providers are the stub, with accounts at both."""
    async with open_api(fresh_database, payment_stub_url=stub.url) as api:
        headers = api.token("company_admin", company)
        for account in (STRIPE, PAYPAL):
            kept = await api.client.put(f"{PAYMENTS}/gateways", json=account, headers=headers)
            assert kept.status_code == 200, kept.text
        await api.client.get(f"{PAYMENTS}/methods", headers=headers)
        with api.database.connect("owner") as owner:
            owner.execute("update payment_methods set provider = 'stripe' where code = 'credit_card'")
            owner.execute("update payment_methods set provider = 'paypal' where code = 'paypal'")
        yield api


async def open_payment(api: Api, company: Company, method: str, **more: Any) -> dict[str, Any]:
    return await intent(api, company, (await placed_order(api, company))["id"], method=method, **more)


async def test_stripe_charges_refunds_and_names_our_payment(shop: Api, stub: Stub, company: Company) -> None:
    payment = await open_payment(shop, company, "credit_card")
    paid = (await process(shop, company, payment["id"], "pm_card_visa")).json()
    assert (paid["payment_status"], paid["gateway_payment_id"]) == ("paid", "pi_3MtwBwLkdIwHu7ix28a3tqPa")
    _, key, asked = stub.asked[0]
    assert (asked["amount"], asked["currency"], asked["confirm"]) == ("2000", "eur", "true")
    assert asked["metadata[payment_id]"] == payment["id"]
    assert key == shop.scalar("select id from payment_operations").hex
    given = (await refund(shop, company, payment["id"], {"amount": "5.00"})).json()
    assert (given["status"], given["gateway_refund_id"]) == ("succeeded", "re_1Nispe2eZvKYlo2Cd31jOCgZ")
    assert (stub.count("charge"), stub.count("refund")) == (1, 1)


async def test_stripe_declines_then_takes_another_card_on_the_same_intent(
    shop: Api, stub: Stub, company: Company
) -> None:
    payment = await open_payment(shop, company, "credit_card")
    refused = (await process(shop, company, payment["id"], "pm_card_chargeDeclined")).json()
    assert (refused["status"], refused["failure_code"]) == ("failed", "generic_decline")
    paid = (await process(shop, company, payment["id"], "pm_card_visa")).json()
    assert paid["payment_status"] == "paid"
    assert [path for path, _, _ in stub.asked] == [
        "POST /v1/payment_intents",
        "POST /v1/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa/confirm",
    ]


async def test_stripe_asks_for_3d_secure_and_goes_on(shop: Api, stub: Stub, company: Company) -> None:
    payment = await open_payment(shop, company, "credit_card")
    asked = (
        await process(
            shop, company, payment["id"], "pm_card_authenticationRequired", return_url="https://shop.example/"
        )
    ).json()
    assert asked["action"] == {"type": "redirect", "url": "https://hooks.stripe.com/3d"}
    stub.intent |= {"status": "succeeded", "amount_received": 2000, "next_action": None}
    done = await post(shop, f"/{payment['id']}/confirm", {}, shop.token("customer", company))
    assert done.json()["payment_status"] == "paid"


async def test_stripe_loses_its_answer_and_charges_once(shop: Api, stub: Stub, company: Company) -> None:
    payment = await open_payment(shop, company, "credit_card")
    key = str(uuid4())
    lost = await process(shop, company, payment["id"], "pm_card_timeout", key=key)
    assert_problem(lost, 503, "payment_outcome_unknown")
    again = await process(shop, company, payment["id"], "pm_card_timeout", key=key)
    assert again.json()["payment_status"] == "paid"
    assert stub.count("charge") == 1
    assert len({key for _, key, _ in stub.asked}) == 1


async def test_stripe_captures_later_or_voids(shop: Api, stub: Stub, company: Company) -> None:
    admin = shop.token("company_admin", company)
    payment = await open_payment(shop, company, "credit_card", capture_mode="manual")
    held = (await process(shop, company, payment["id"], "pm_card_visa")).json()
    assert (held["payment_status"], held["authorised_amount"]) == ("authorised", "20.00")
    taken = (await post(shop, f"/{payment['id']}/capture", {}, admin)).json()
    assert (taken["payment_status"], taken["captured_amount"]) == ("paid", "20.00")
    assert stub.count("capture") == 1


async def test_stripe_s_webhooks_are_verified_by_its_sdk(shop: Api, stub: Stub, company: Company) -> None:
    payment = await open_payment(shop, company, "credit_card")
    stub.intent |= {"status": "succeeded", "amount": 2000, "amount_received": 2000, "currency": "eur"}
    thing = stub.intent | {"metadata": {"payment_id": payment["id"]}}
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": {"object": thing}}
    body = json.dumps(event)
    path = f"{PAYMENTS}/webhooks/stripe?account={account_id(shop, 'stripe')}"

    async def send(text: str, secret: str, timestamp: int) -> httpx.Response:
        header = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=timestamp)
        return await shop.client.post(path, content=text, headers={"Stripe-Signature": header})

    now, secret = int(time.time()), STRIPE["webhook_secret"]
    assert_problem(await send(body, "whsec_other", now), 400, "webhook_refused")
    assert_problem(await send(body, secret, now - 600), 400, "webhook_refused")
    assert_problem(await send(json.dumps(event, indent=1), secret, now), 400, "webhook_refused")
    for _ in range(2):
        assert (await send(body, secret, now)).status_code == 200
    await run_worker(shop)
    await run_worker(shop)
    assert shop.rows("select payment_status from payments") == [("paid",)]
    assert shop.scalar("select count(*) from events where type = 'payment.success'") == 1


async def test_paypal_is_approved_captured_and_refunded(shop: Api, stub: Stub, company: Company) -> None:
    customer = shop.token("customer", company)
    payment = await open_payment(shop, company, "paypal")
    asked = (await process(shop, company, payment["id"], None, return_url="https://shop.example/")).json()
    assert asked["action"]["url"] == "https://www.paypal.com/checkoutnow?token=5O190127TN364715T"
    unit = stub.order["purchase_units"][0]
    assert unit["amount"] == {"currency_code": "EUR", "value": "20.00"}
    assert unit["custom_id"] == payment["id"]
    early = (await post(shop, f"/{payment['id']}/confirm", {}, customer)).json()
    assert early["status"] == "processing"
    stub.order["status"] = "APPROVED"
    paid = (await post(shop, f"/{payment['id']}/confirm", {}, customer)).json()
    assert (paid["payment_status"], paid["captured_amount"]) == ("paid", "20.00")
    assert shop.scalar("select gateway_capture_id from payments") == CAPTURE_ID
    given = (await refund(shop, company, payment["id"], {"amount": "5.00"})).json()
    assert (given["status"], given["gateway_refund_id"]) == ("succeeded", REFUND_ID)
    assert (stub.count("charge"), stub.count("refund")) == (1, 1)


async def test_paypal_declines(shop: Api, stub: Stub, company: Company) -> None:
    payment = await open_payment(shop, company, "paypal")
    await process(shop, company, payment["id"], None)
    stub.is_declined = True
    refused = await post(shop, f"/{payment['id']}/confirm", {}, shop.token("customer", company))
    assert (refused.json()["status"], refused.json()["failure_code"]) == ("failed", "INSTRUMENT_DECLINED")
    assert shop.scalar("select payment_status from orders") == "failed"


async def test_paypal_authorises_then_captures_or_voids(shop: Api, stub: Stub, company: Company) -> None:
    admin = shop.token("company_admin", company)
    payment = await open_payment(shop, company, "paypal", capture_mode="manual")
    await process(shop, company, payment["id"], None)
    stub.order["status"] = "APPROVED"
    held = (await post(shop, f"/{payment['id']}/confirm", {}, shop.token("customer", company))).json()
    assert held["payment_status"] == "authorised"
    assert shop.scalar("select gateway_authorisation_id from payments") == AUTHORISATION_ID
    gone = (await post(shop, f"/{payment['id']}/void", {}, admin)).json()
    assert (gone["payment_status"], stub.count("void"), stub.count("capture")) == ("voided", 1, 0)


async def test_paypal_s_webhooks_are_verified_with_its_certificate(
    shop: Api, stub: Stub, company: Company
) -> None:
    paypal_signature._certificates.clear()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    stub.certificate = certificate_of(key)
    payment = await open_payment(shop, company, "paypal")
    await process(shop, company, payment["id"], None)
    event = {
        "id": "WH-58D329510W468432D-8HN650336L201105X",
        "event_type": "PAYMENT.CAPTURE.COMPLETED",
        "resource_type": "capture",
        "resource": {
            "id": CAPTURE_ID,
            "status": "COMPLETED",
            "custom_id": payment["id"],
            "amount": {"currency_code": "EUR", "value": "20.00"},
            "supplementary_data": {"related_ids": {"order_id": "5O190127TN364715T"}},
        },
    }
    body = json.dumps(event).encode()
    path = f"{PAYMENTS}/webhooks/paypal?account={account_id(shop, 'paypal')}"
    good = signed(body, key)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bad: list[tuple[bytes, dict[str, str]]] = [
        (json.dumps(event, indent=1).encode(), good),
        (body, signed(body, other)),
        (body, signed(body, key, sent_at=datetime.now(UTC) - timedelta(minutes=10))),
        (body, signed(body, key, webhook_id="OTHER")),
        (body, good | {"paypal-auth-algo": "SHA1withRSA"}),
        (body, {}),
    ]
    for address in (
        "https://evil.example/certs/x",
        "http://api.paypal.com/certs/x",
        "https://api.paypal.com@evil.example/certs/x",
        "https://api.paypal.com.evil.example/certs/x",
        "https://api.paypal.com:8443/certs/x",
    ):
        bad.append((body, good | {"paypal-cert-url": address}))
    for content, headers in bad:
        refused = await shop.client.post(path, content=content, headers=headers)
        assert_problem(refused, 400, "webhook_refused")
    for _ in range(2):
        assert (await shop.client.post(path, content=body, headers=good)).status_code == 200
    await run_worker(shop)
    assert shop.rows("select payment_status, gateway_capture_id from payments") == [("paid", CAPTURE_ID)]
    assert shop.scalar("select count(*) from payment_webhooks") == 1


def account_id(api: Api, provider: str) -> str:
    return str(api.scalar("select id from payment_gateways where provider = %s", [provider]))


def certificate_of(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.paypal.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def signed(
    body: bytes,
    key: rsa.RSAPrivateKey,
    *,
    sent_at: datetime | None = None,
    webhook_id: str = PAYPAL["webhook_id"],
) -> dict[str, str]:
    """Sign as developer.paypal.com/api/rest/webhooks/rest says."""
    sent = (sent_at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"69cd13f0-d67a-11e5-baa3-778b53f4ae55|{sent}|{webhook_id}|{zlib.crc32(body)}"
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return {
        "paypal-transmission-id": "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
        "paypal-transmission-time": sent,
        "paypal-transmission-sig": base64.b64encode(signature).decode(),
        "paypal-cert-url": CERTIFICATE_URL,
        "paypal-auth-algo": "SHA256withRSA",
    }
