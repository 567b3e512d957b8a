"""From a company's account with a provider to the gateway that speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter

from api.payments.gateways.contract import CALL_TIMEOUT_SECONDS, Gateway
from api.payments.gateways.local import LocalGateway
from api.payments.gateways.paypal_gateway import PayPalCredentials, PayPalGateway
from api.payments.gateways.stripe_gateway import StripeCredentials, StripeGateway
from api.payments.vault import Vault
from core.postgres.pools import Database
from core.settings import Settings


class StubAdapter(HTTPAdapter):
    """Sends what is meant for PayPal, whose SDK has one fixed address, to a stub."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._host = urlsplit(address).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Change the host, and keep the one that was meant in a header."""
        parts = urlsplit(request.url or "")
        request.headers["X-Meant-For"] = parts.netloc
        request.url = parts._replace(scheme="http", netloc=self._host).geturl()
        return super().send(request, *args, **options)


def open_gateway(
    provider: str,
    credentials: Mapping[str, Any] | None,
    *,
    company_id: UUID,
    database: Database,
    vault: Vault,
    settings: Settings,
    is_live: bool,
) -> Gateway | None:
    """Return the provider's gateway with a company's credentials; None without any."""
    if provider == "local":
        is_test = settings.environment != "production"
        return LocalGateway(database, company_id, local_webhook_keys(vault, company_id), is_test=is_test)
    if credentials is None:
        return None
    if provider == "stripe":
        stripe = StripeCredentials(str(credentials["api_key"]), str(credentials["webhook_secret"]))
        return StripeGateway(stripe, address=settings.payment_stub_url)
    paypal = PayPalCredentials(
        str(credentials["client_id"]), str(credentials["client_secret"]), str(credentials["webhook_id"])
    )
    return PayPalGateway(paypal, is_live=is_live, session=_session(settings.payment_stub_url))


def local_webhook_keys(vault: Vault, company_id: UUID) -> list[bytes]:
    """Return the keys that sign a company's local webhooks, the newest first."""
    return vault.derived_keys(f"local webhook {company_id}")


def _session(stub_url: str | None) -> requests.Session:
    session = requests.Session()
    session.trust_env = True
    # The SDK's own timeout does not reach a session that it is given.
    session.timeout = CALL_TIMEOUT_SECONDS  # type: ignore[attr-defined]
    if stub_url is not None:
        session.mount("https://", StubAdapter(stub_url))
    return session
