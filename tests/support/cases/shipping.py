"""Requests of every operation of shipping, and the rows that their paths name."""

from tests.support.operation_case import Case, Ids, Make, path_of


def _method(ids: Ids) -> dict[str, str]:
    return {"method_id": ids["shipping_method_id"]}


def _zone(ids: Ids) -> dict[str, str]:
    return {"zone_id": ids["zone_id"]}


CASES: dict[tuple[str, str], Case] = {
    ("GET", "/api/v1/shipping-methods"): Case(),
    ("POST", "/api/v1/shipping-methods"): Case(
        body=lambda ids: {
            "code": "post", "name": "Post", "shop_id": ids["shop_id"], "carrier_id": ids["carrier_id"],
            "estimated_days_min": 1, "estimated_days_max": 3,
        }
    ),
    ("POST", "/api/v1/shipping-methods/quotes"): Case(
        body=lambda ids: {
            "lines": [{"variant_id": ids["variant_id"], "quantity_units": 1}], "shop_id": ids["shop_id"],
            "destination": {"country": "DE"},
        }
    ),
    ("GET", "/api/v1/shipping-methods/{method_id}"): Case(_method),
    ("PATCH", "/api/v1/shipping-methods/{method_id}"): Case(_method, lambda ids: {"name": "Other"}),
    ("DELETE", "/api/v1/shipping-methods/{method_id}"): Case(_method),
    ("PUT", "/api/v1/shipping-methods/{method_id}/tariffs/{zone_id}"): Case(
        lambda ids: _method(ids) | _zone(ids),
        lambda ids: {"bands": [{"from_bound": "0", "amount": "4.90"}]},
    ),
    ("DELETE", "/api/v1/shipping-methods/{method_id}/tariffs/{zone_id}"): Case(
        lambda ids: _method(ids) | _zone(ids)
    ),
    ("GET", "/api/v1/shipping-zones"): Case(),
    ("POST", "/api/v1/shipping-zones"): Case(
        body=lambda ids: {"name": "Here", "shop_id": ids["shop_id"], "areas": [{"country": "DE"}]}
    ),
    ("GET", "/api/v1/shipping-zones/{zone_id}"): Case(_zone),
    ("PATCH", "/api/v1/shipping-zones/{zone_id}"): Case(_zone, lambda ids: {"name": "There"}),
    ("DELETE", "/api/v1/shipping-zones/{zone_id}"): Case(_zone),
    ("GET", "/api/v1/carriers"): Case(),
    ("POST", "/api/v1/carriers"): Case(body=lambda ids: {"code": "dhl", "name": "DHL"}),
    ("GET", "/api/v1/carriers/{carrier_id}"): Case(path_of("carrier_id")),
    ("PATCH", "/api/v1/carriers/{carrier_id}"): Case(path_of("carrier_id"), lambda ids: {"name": "Other"}),
    ("DELETE", "/api/v1/carriers/{carrier_id}"): Case(path_of("carrier_id")),
}  # fmt: skip


async def add(made: Make, ids: Ids) -> None:
    """Make a carrier, a method and a zone."""
    ids["carrier_id"] = (await made("POST", "/api/v1/carriers"))["id"]
    ids["shipping_method_id"] = (await made("POST", "/api/v1/shipping-methods"))["id"]
    ids["zone_id"] = (await made("POST", "/api/v1/shipping-zones"))["id"]
