"""What every payment needs at hand: the database, the settings and the keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.payments import accounts
from api.payments.errors import GatewayNotConfigured
from api.payments.gateways.contract import Gateway
from api.payments.gateways.opening import open_gateway
from api.payments.vault import Vault, open_vault
from core.postgres.pools import Database
from core.secrets import load_secrets
from core.settings import Settings


@dataclass(frozen=True)
class PaymentDesk:
    """Where payments are carried out."""

    database: Database
    settings: Settings
    vault: Vault

    async def gateway(self, connection: AsyncConnection, company_id: UUID, provider: str) -> Gateway:
        """Return the provider's gateway with the company's credentials.

        Raises
        ------
        GatewayNotConfigured
            If the company has no active account there.
        """
        account = await accounts.find_active(connection, company_id, provider)
        credentials = None if account is None else self.vault.open(account["credentials_encrypted"])
        gateway = open_gateway(
            provider,
            credentials,
            company_id=company_id,
            database=self.database,
            vault=self.vault,
            settings=self.settings,
            is_live=account is not None and account["is_live"],
        )
        if gateway is None:
            raise GatewayNotConfigured
        return gateway


def open_desk(database: Database, settings: Settings) -> PaymentDesk:
    """Open the desk with the installation's keys."""
    return PaymentDesk(database, settings, open_vault(load_secrets(settings).payment_keys))


async def _desk(request: Request) -> PaymentDesk:
    state = request.app.state
    desk = getattr(state, "payment_desk", None)
    if desk is None or desk.database is not state.database:
        desk = state.payment_desk = open_desk(state.database, state.settings)
    return cast(PaymentDesk, desk)


AppDesk = Annotated[PaymentDesk, Depends(_desk)]
