"""SQL of quotes: the zone of a place, and what each method costs there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.places import Place, postal_prefixes

Row = sa.RowMapping

# The zone of a place is the one with the most specific area. A postal code beats a region, a region beats a
# country, a country beats everywhere; of postal codes the one that fixes more characters, and of equally
# close ones a range before a prefix (it lies inside it). Then a shop's own zone before the company's, the
# lower priority, the older zone.
_ZONE = """
    areas as (
        select area.*
        from shipping_zone_areas as area
        where area.company_id = :company_id and area.country = :country
        and area.postal_prefix = any(cast(:prefixes as text []))
        union all
        select area.*
        from shipping_zone_areas as area
        where area.company_id = :company_id and area.country = :country and area.postal_from is not null
        and area.postal_from collate "C" <= left(:postal_code, length(area.postal_from))
        and area.postal_to collate "C" >= left(:postal_code, length(area.postal_to))
        and length(:postal_code) >= length(area.postal_from)
        and (area.postal_from !~ '^[0-9]+$' or left(:postal_code, length(area.postal_from)) ~ '^[0-9]+$')
        union all
        select area.*
        from shipping_zone_areas as area
        where area.company_id = :company_id and area.postal_prefix is null and area.postal_from is null
        and (area.country is null or area.country = :country)
    ),

    zone as (
        select zone.id, zone.name
        from areas
        inner join shipping_zones as zone
            on areas.company_id = zone.company_id and areas.zone_id = zone.id
        where zone.is_active and zone.archived_at is null
        and (zone.shop_id is null or zone.shop_id = :shop_id)
        and (areas.region is null or areas.region = :region)
        order by
            areas.fixed_characters desc, areas.postal_from is null, areas.region is null,
            areas.country is null, zone.shop_id is null, zone.priority, zone.id
        limit 1
    )
"""

# A shop's own method stands in for the company's of the same code.
_OFFERS = sa.text(
    f"""
    with {_ZONE},

    methods as (
        select distinct on (method.code) method.*
        from shipping_methods as method
        where method.company_id = :company_id and method.is_active and method.archived_at is null
        and (method.shop_id is null or method.shop_id = :shop_id)
        order by method.code, method.shop_id nulls last
    )

    select
        methods.id as method_id,
        methods.code as method_code,
        methods.name,
        methods.description,
        carrier.name as carrier,
        zone.id as zone_id,
        zone.name as zone_name,
        methods.base_amount,
        band.amount as band_amount,
        coalesce(tariff.free_from_amount, methods.free_from_amount) as free_from_amount,
        methods.can_be_free,
        coalesce(tariff.estimated_days_min, methods.estimated_days_min) as estimated_days_min,
        coalesce(tariff.estimated_days_max, methods.estimated_days_max) as estimated_days_max
    from zone
    cross join methods
    inner join shipping_tariffs as tariff
        on methods.company_id = tariff.company_id and methods.id = tariff.method_id
        and zone.id = tariff.zone_id
    cross join lateral (
        select shipping_bands.amount
        from shipping_bands
        where shipping_bands.company_id = tariff.company_id
        and shipping_bands.method_id = tariff.method_id and shipping_bands.zone_id = tariff.zone_id
        and shipping_bands.from_bound
            <= case methods.rate_basis when 'weight' then cast(:weight_kg as numeric) else :goods_amount end
        order by shipping_bands.from_bound desc
        limit 1
    ) as band
    left join carriers as carrier
        on methods.company_id = carrier.company_id and methods.carrier_id = carrier.id
    where band.amount is not null
    and methods.shipping_classes @> cast(:shipping_classes as jsonb)
    and (cast(:method_code as text) is null or methods.code = :method_code)
    order by methods.display_order, methods.code
    """
)
_HAS_METHODS = sa.text(
    "select exists (select from shipping_methods where company_id = :company_id and archived_at is null"
    " and (shop_id is null or shop_id = :shop_id))"
)
# What goods weigh and cost now. Goods that ship free weigh nothing here: others pay for the parcel.
_PARCEL = sa.text(
    """
    select
        wanted.variant_id,
        product.has_free_shipping,
        product.shipping_class,
        coalesce(variant.weight_kg, product.weight_kg, 0) as weight_kg,
        terms.unit_price_amount,
        wanted.units
    from unnest(cast(:variant_ids as uuid []), cast(:units as integer [])) as wanted (variant_id, units)
    inner join variants as variant on variant.company_id = :company_id and wanted.variant_id = variant.id
    inner join products as product
        on variant.company_id = product.company_id and variant.product_id = product.id
    inner join variant_terms as terms
        on variant.company_id = terms.company_id and variant.id = terms.variant_id
    where terms.is_sellable and (product.shop_id is null or product.shop_id = :shop_id)
    """
)


async def find_offers(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_id: UUID,
    method_code: str | None,
    place: Place,
    goods_amount: Decimal,
    weight_kg: Decimal,
    shipping_classes: Collection[str],
) -> Sequence[Row]:
    """Return the methods that carry such a parcel to the place, in the order in which they are shown."""
    values = {
        "company_id": company_id,
        "shop_id": shop_id,
        "method_code": method_code,
        "country": place.country,
        "region": place.region,
        "postal_code": place.postal_code,
        "prefixes": postal_prefixes(place),
        "goods_amount": goods_amount,
        "weight_kg": weight_kg,
        "shipping_classes": orjson.dumps(sorted(set(shipping_classes))).decode(),
    }
    return (await connection.execute(_OFFERS, values)).mappings().all()


async def has_methods(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> bool:
    """Tell whether the shop has any method, also one that is switched off."""
    values = {"company_id": company_id, "shop_id": shop_id}
    return bool((await connection.execute(_HAS_METHODS, values)).scalar_one())


async def find_goods(
    connection: AsyncConnection, company_id: UUID, *, shop_id: UUID, units_by_variant: Mapping[UUID, int]
) -> Sequence[Row]:
    """Return weight, class and price of variants that the shop sells."""
    values: dict[str, Any] = {
        "company_id": company_id,
        "shop_id": shop_id,
        "variant_ids": list(units_by_variant),
        "units": list(units_by_variant.values()),
    }
    return (await connection.execute(_PARCEL, values)).mappings().all()
