"""The storefront's question: which methods carry this basket there, and what does each cost."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.currency import currency_of
from api.errors import Forbidden, Violation
from api.orders.errors import UnknownShop, UnknownSku
from api.permissions import Scope
from api.shipping import queries
from api.shipping.schemas import QuoteList, QuoteRead, QuoteRequest
from api.shipping.service import list_quotes, pack


async def quote(connection: AsyncConnection, wanted: QuoteRequest, *, caller: Caller) -> QuoteList:
    """Price the goods at what they cost now, and quote every method that carries them."""
    company_id = caller.require_company()
    shop_id = await _shop_of(connection, wanted, caller)
    currency = await currency_of(connection, company_id)
    units: dict[UUID, int] = {}
    for line in wanted.lines:
        units[line.variant_id] = units.get(line.variant_id, 0) + line.quantity_units
    parcel = await pack(connection, company_id, shop_id=shop_id, units_by_variant=units, currency=currency)
    if parcel.unknown_variant_ids:
        raise UnknownSku(violations=_unknown(wanted, set(parcel.unknown_variant_ids)))
    quotes = await list_quotes(
        connection,
        company_id,
        shop_id=shop_id,
        destination=wanted.destination,
        goods_amount=parcel.goods_amount,
        weight_kg=parcel.weight_kg,
        has_only_free_shipping=parcel.has_only_free_shipping,
        shipping_classes=parcel.shipping_classes,
    )
    return QuoteList(
        items=[QuoteRead.model_validate({**vars(offer), "currency": currency}) for offer in quotes],
        goods_amount=parcel.goods_amount,
        weight_kg=parcel.weight_kg,
        currency=currency,
    )


async def _shop_of(connection: AsyncConnection, wanted: QuoteRequest, caller: Caller) -> UUID:
    shop_id = caller.shop_id or wanted.shop_id
    if shop_id is None:
        raise UnknownShop("Name the shop, or send its storefront's key.", pointer="/shop_id")
    if wanted.shop_id not in (None, shop_id):
        raise UnknownShop("The storefront's key is another shop's.", pointer="/shop_id")
    if caller.scope is Scope.SHOP and not caller.may_use_shop(shop_id):
        raise Forbidden("You do not work in this shop.")
    if not await queries.exists_shop(connection, caller.require_company(), shop_id):
        raise UnknownShop(pointer="/shop_id")
    return shop_id


def _unknown(wanted: QuoteRequest, variant_ids: set[UUID]) -> list[Violation]:
    return [
        Violation(f"/lines/{place}/variant_id", UnknownSku.code, "Not sold in this shop.")
        for place, line in enumerate(wanted.lines)
        if line.variant_id in variant_ids
    ]
