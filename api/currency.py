"""The currency of a company: what its rows' money is in, and how finely amounts may be given."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import InvalidContent
from core.money import round_amount

_COMPANIES = sa.table("companies", sa.column("id", sa.Uuid), sa.column("currency", sa.CHAR(3)))


def company_currency(company_id: sa.ColumnElement[object]) -> sa.Label[str]:
    """Return a column with the currency of the row's company, named ``currency``."""
    found = sa.select(_COMPANIES.c.currency).where(_COMPANIES.c.id == company_id)
    return found.scalar_subquery().label("currency")


async def currency_of(connection: AsyncConnection, company_id: UUID) -> str:
    """Return the company's currency."""
    statement = sa.select(_COMPANIES.c.currency).where(_COMPANIES.c.id == company_id)
    return str((await connection.execute(statement)).scalar_one())


def require_whole(currency: str, parent: str = "", /, **amounts: Decimal | None) -> None:
    """Refuse amounts, named as their fields below ``parent``, that the currency can't say."""
    for name, amount in amounts.items():
        if amount is not None and round_amount(amount, currency) != amount:
            raise InvalidContent(f"{currency} has fewer decimals.", pointer=f"{parent}/{name}")
