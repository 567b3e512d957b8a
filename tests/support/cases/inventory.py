"""Calls of locations, stock policies, transfers, counts and the valuation."""

from tests.support.operation_case import Case, Ids, Make, path_of

_LEVEL = path_of("location_id", "variant_id")

CASES: dict[tuple[str, str], Case] = {
    ("POST", "/api/v1/locations"): Case(body=lambda ids: {"code": "SECOND", "name": "Second store"}),
    ("GET", "/api/v1/locations"): Case(query=lambda ids: {"shop_id": ids["shop_id"]}),
    ("GET", "/api/v1/locations/{location_id}"): Case(path_of("location_id")),
    ("PATCH", "/api/v1/locations/{location_id}"): Case(path_of("location_id"), lambda ids: {"name": "Other"}),
    ("DELETE", "/api/v1/locations/{location_id}"): Case(path_of("location_id")),
    ("PUT", "/api/v1/locations/{location_id}/shops/{shop_id}"): Case(
        path_of("location_id", "shop_id"), lambda ids: {"priority": 2}
    ),
    ("DELETE", "/api/v1/locations/{location_id}/shops/{shop_id}"): Case(path_of("location_id", "shop_id")),
    ("GET", "/api/v1/inventory/reservations"): Case(query=lambda ids: {"variant_id": ids["variant_id"]}),
    ("GET", "/api/v1/inventory/levels/{location_id}/{variant_id}/policy"): Case(_LEVEL),
    ("PATCH", "/api/v1/inventory/levels/{location_id}/{variant_id}/policy"): Case(
        _LEVEL, lambda ids: {"low_stock_threshold_units": 3}
    ),
    ("GET", "/api/v1/inventory/valuation"): Case(query=lambda ids: {"variant_id": ids["variant_id"]}),
    ("POST", "/api/v1/inventory/transfers"): Case(
        body=lambda ids: {
            "from_location_id": ids["location_id"],
            "to_location_id": ids["second_location_id"],
            "lines": [{"variant_id": ids["variant_id"], "units": 1}],
        }
    ),
    ("GET", "/api/v1/inventory/transfers"): Case(query=lambda ids: {"location_id": ids["location_id"]}),
    ("GET", "/api/v1/inventory/transfers/{transfer_id}"): Case(path_of("transfer_id")),
    ("POST", "/api/v1/inventory/transfers/{transfer_id}/send"): Case(path_of("transfer_id")),
    ("POST", "/api/v1/inventory/transfers/{transfer_id}/receive"): Case(
        path_of("transfer_id"),
        lambda ids: {"lines": [{"line_id": ids["transfer_line_id"], "received_units": 1}]},
    ),
    ("POST", "/api/v1/inventory/transfers/{transfer_id}/cancel"): Case(
        path_of("transfer_id"), lambda ids: {"reason": "not needed"}
    ),
    ("POST", "/api/v1/inventory/counts"): Case(
        body=lambda ids: {"location_id": ids["location_id"], "variant_ids": [ids["variant_id"]]}
    ),
    ("GET", "/api/v1/inventory/counts"): Case(query=lambda ids: {"location_id": ids["location_id"]}),
    ("GET", "/api/v1/inventory/counts/{count_id}"): Case(path_of("count_id")),
    ("POST", "/api/v1/inventory/counts/{count_id}/entries"): Case(
        path_of("count_id"),
        lambda ids: {"entries": [{"variant_id": ids["variant_id"], "counted_units": 100}]},
    ),
    ("POST", "/api/v1/inventory/counts/{count_id}/close"): Case(
        path_of("count_id"), lambda ids: {"leave_uncounted": True}
    ),
    ("POST", "/api/v1/inventory/counts/{count_id}/cancel"): Case(path_of("count_id")),
}


async def add(made: Make, ids: Ids) -> None:
    """Make a second location, a transfer to it and a count."""
    ids["second_location_id"] = (await made("POST", "/api/v1/locations"))["id"]
    transfer = await made("POST", "/api/v1/inventory/transfers")
    ids["transfer_id"], ids["transfer_line_id"] = transfer["id"], transfer["lines"][0]["id"]
    ids["count_id"] = (await made("POST", "/api/v1/inventory/counts"))["id"]
