"""Finds the company and shop that a storefront's key is bound to."""

from fastapi import FastAPI
from sqlalchemy import text

from api.access import FindStorefront, Storefront
from core.postgres.transaction import transaction

_FIND = text("select storefront_key_id, company_id, shop_id from auth_find_storefront(:key_sha256)")


def storefront_finder(app: FastAPI) -> FindStorefront:
    """Make the look-up that `api.access` asks; it uses the application's database."""

    async def find(key_sha256: bytes) -> Storefront | None:
        async with transaction(app.state.database, company_id=None) as connection:
            row = (await connection.execute(_FIND, {"key_sha256": key_sha256})).one_or_none()
        return None if row is None else Storefront(row.storefront_key_id, row.company_id, row.shop_id)

    return find
