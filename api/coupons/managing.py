"""Use cases of those who keep coupons and campaigns: add, change, archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.coupons import managing_queries as queries
from api.coupons.errors import CampaignNameTaken, CouponCodeTaken, CouponTermsInvalid, LimitBelowUse
from api.coupons.schemas import (
    CampaignCreate,
    CampaignRead,
    CampaignUpdate,
    CouponCreate,
    CouponRead,
    CouponUpdate,
)
from api.coupons.tables import coupon_campaigns, coupons
from api.currency import currency_of, require_whole
from api.errors import Forbidden, InvalidContent, NotFound, UnknownReference
from core.events.outbox import append_event
from core.ids import new_id
from core.postgres.transaction import constraint_name

_NEVER_EMPTY = frozenset(
    {
        "name",
        "value",
        "minimum_purchase_amount",
        "is_stackable",
        "is_for_new_users_only",
        "is_active",
        *queries.RESTRICTIONS,
    }
)
_LARGEST_PERCENT = Decimal(100)


async def create_coupon(connection: AsyncConnection, coupon: CouponCreate, *, caller: Caller) -> CouponRead:
    """Add a coupon."""
    company_id, coupon_id = caller.require_company(), new_id()
    _require_reach(caller, coupon.shop_id)
    values = coupon.model_dump()
    _require_sound(await currency_of(connection, company_id), values)
    restrictions = {name: values.pop(name) for name in queries.RESTRICTIONS}
    row = {**values, "company_id": company_id, "id": coupon_id, "created_by": caller.user_id}
    with _refusals():
        await queries.insert(connection, coupons, row)
        for name, ids in restrictions.items():
            await queries.restrict(connection, company_id, coupon_id, name, ids)
    await _tell(connection, company_id, "coupon.created", "coupon", coupon_id, caller=caller)
    return await read_coupon(connection, coupon_id, caller=caller)


async def read_coupon(connection: AsyncConnection, coupon_id: UUID, *, caller: Caller) -> CouponRead:
    """Return a coupon that the caller may see."""
    row = await queries.get_coupon(connection, caller.require_company(), coupon_id)
    if row is None or not _may_see(caller, row["shop_id"]):
        raise NotFound
    return CouponRead.model_validate(row)


async def update_coupon(
    connection: AsyncConnection,
    coupon_id: UUID,
    changes: CouponUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> CouponRead:
    """Change what was sent of the version that the caller has seen. Uses that there are stay as they are."""
    current = await _lock_coupon(connection, coupon_id, caller=caller, if_match=if_match)
    values = _changed(changes.model_dump(exclude_unset=True))
    company_id = caller.require_company()
    _require_sound(current.currency, {**current.model_dump(), **values})
    _require_limit(values, current.used_count)
    restrictions = {name: values.pop(name) for name in queries.RESTRICTIONS if name in values}
    with _refusals():
        if values:
            await queries.update(connection, coupons, company_id, coupon_id, values)
        for name, ids in restrictions.items():
            await queries.restrict(connection, company_id, coupon_id, name, ids)
    await _tell(connection, company_id, "coupon.updated", "coupon", coupon_id, caller=caller)
    return await read_coupon(connection, coupon_id, caller=caller)


async def archive_coupon(
    connection: AsyncConnection, coupon_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Take a coupon out of use. Its code stays taken, its uses stay known."""
    await _lock_coupon(connection, coupon_id, caller=caller, if_match=if_match)
    company_id = caller.require_company()
    values = {"archived_at": now, "is_active": False}
    await queries.update(connection, coupons, company_id, coupon_id, values)
    await _tell(connection, company_id, "coupon.archived", "coupon", coupon_id, caller=caller)


async def create_campaign(
    connection: AsyncConnection, campaign: CampaignCreate, *, caller: Caller
) -> CampaignRead:
    """Add a campaign."""
    company_id, campaign_id = caller.require_company(), new_id()
    _require_reach(caller, campaign.shop_id)
    row = {
        **campaign.model_dump(),
        "company_id": company_id,
        "id": campaign_id,
        "created_by": caller.user_id,
    }
    with _refusals():
        await queries.insert(connection, coupon_campaigns, row)
    await _tell(
        connection, company_id, "coupon_campaign.created", "coupon_campaign", campaign_id, caller=caller
    )
    return await read_campaign(connection, campaign_id, caller=caller)


async def read_campaign(connection: AsyncConnection, campaign_id: UUID, *, caller: Caller) -> CampaignRead:
    """Return a campaign that the caller may see."""
    row = await queries.get_campaign(connection, caller.require_company(), campaign_id)
    if row is None or not _may_see(caller, row["shop_id"]):
        raise NotFound
    return CampaignRead.model_validate(row)


async def update_campaign(
    connection: AsyncConnection,
    campaign_id: UUID,
    changes: CampaignUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> CampaignRead:
    """Change what was sent of the version that the caller has seen."""
    company_id = caller.require_company()
    row = await queries.get_campaign(connection, company_id, campaign_id, lock=True)
    if row is None or not _may_see(caller, row["shop_id"]):
        raise NotFound
    current = CampaignRead.model_validate(row)
    require_version(if_match, current)
    _require_reach(caller, current.shop_id)
    values = _changed(changes.model_dump(exclude_unset=True))
    _require_limit(values, current.used_count)
    with _refusals():
        if values:
            await queries.update(connection, coupon_campaigns, company_id, campaign_id, values)
    await _tell(
        connection, company_id, "coupon_campaign.updated", "coupon_campaign", campaign_id, caller=caller
    )
    return await read_campaign(connection, campaign_id, caller=caller)


async def _lock_coupon(
    connection: AsyncConnection, coupon_id: UUID, *, caller: Caller, if_match: str | None
) -> CouponRead:
    row = await queries.get_coupon(connection, caller.require_company(), coupon_id, lock=True)
    if row is None or row["archived_at"] is not None or not _may_see(caller, row["shop_id"]):
        raise NotFound
    current = CouponRead.model_validate(row)
    require_version(if_match, current)
    _require_reach(caller, current.shop_id)
    return current


def _may_see(caller: Caller, shop_id: UUID | None) -> bool:
    return shop_id is None or caller.may_use_shop(shop_id)


def _require_reach(caller: Caller, shop_id: UUID | None) -> None:
    """Those who run shops keep their shops' coupons; what holds in all shops is the company's."""
    if shop_id is None and caller.reachable_shop_ids is not None:
        raise Forbidden("You keep your shops' coupons; name one of your shops.")
    if shop_id is not None and not caller.may_use_shop(shop_id):
        raise Forbidden("You do not work in this shop.")


def _changed(values: dict[str, Any]) -> dict[str, Any]:
    for name in sorted(_NEVER_EMPTY & values.keys()):
        if values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    return values


def _require_sound(currency: str, terms: Mapping[str, Any]) -> None:
    kind, value = terms["kind"], terms["value"]
    if kind == "free_shipping" and value != 0:
        raise CouponTermsInvalid("Free shipping has no value.", pointer="/value")
    if kind != "free_shipping" and value <= 0:
        raise CouponTermsInvalid("The value must be above 0.", pointer="/value")
    if kind == "percentage" and value > _LARGEST_PERCENT:
        raise CouponTermsInvalid("A percentage is at most 100.", pointer="/value")
    first, last = terms["valid_from_date"], terms["valid_until_date"]
    if first is not None and last is not None and last < first:
        raise CouponTermsInvalid("It would end before it begins.", pointer="/valid_until_date")
    require_whole(
        currency,
        **({"value": value} if kind == "fixed" else {}),
        minimum_purchase_amount=terms["minimum_purchase_amount"],
        maximum_discount_amount=terms["maximum_discount_amount"],
    )


def _require_limit(values: Mapping[str, Any], used_count: int) -> None:
    limit = values.get("total_limit")
    if limit is not None and limit < used_count:
        raise LimitBelowUse(pointer="/total_limit", extensions={"used_count": used_count})


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in the caller's words which constraint a row broke; the transaction ends."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        name = constraint_name(error) or ""
        if name == "uq_coupons_company_id_code":
            raise CouponCodeTaken(pointer="/code") from None
        if name == "uq_coupon_campaigns_company_id_name":
            raise CampaignNameTaken(pointer="/name") from None
        field = _REFERENCES.get(name.rpartition("company_id_")[2])
        if not name.startswith("fk_") or field is None:
            raise
        raise UnknownReference(pointer=f"/{field}") from None


_REFERENCES = {
    "shop_id": "shop_id",
    "campaign_id": "campaign_id",
    "product_id": "product_ids",
    "category_id": "category_ids",
    "customer_id": "customer_ids",
}


async def _tell(
    connection: AsyncConnection, company_id: UUID, type_: str, kind: str, row_id: UUID, *, caller: Caller
) -> None:
    await append_event(
        connection,
        company_id=company_id,
        type=type_,
        aggregate_type=kind,
        aggregate_id=row_id,
        payload={f"{kind}_id": str(row_id)},
        actor_user_id=caller.user_id,
    )
