"""Calls of coupons and campaigns."""

from uuid import uuid4

from tests.support.operation_case import Case, Ids, Make, path_of

CASES: dict[tuple[str, str], Case] = {
    ("GET", "/api/v1/coupons"): Case(query=lambda ids: {"shop_id": ids["shop_id"]}),
    ("POST", "/api/v1/coupons"): Case(
        body=lambda ids: {
            "code": f"C-{uuid4().hex}", "kind": "percentage", "value": "10.00", "shop_id": ids["shop_id"],
            "product_ids": [ids["product_id"]], "category_ids": [ids["category_id"]],
            "customer_ids": [ids["customer_id"]],
        }
    ),
    ("POST", "/api/v1/coupons/validate"): Case(
        body=lambda ids: {
            "codes": ["NOPE"], "shop_id": ids["shop_id"],
            "lines": [{"variant_id": ids["variant_id"], "quantity_units": 1}],
        }
    ),
    ("GET", "/api/v1/coupons/{coupon_id}"): Case(path_of("coupon_id")),
    ("PATCH", "/api/v1/coupons/{coupon_id}"): Case(path_of("coupon_id"), lambda ids: {"is_active": False}),
    ("DELETE", "/api/v1/coupons/{coupon_id}"): Case(path_of("coupon_id")),
    ("GET", "/api/v1/coupons/{coupon_id}/redemptions"): Case(path_of("coupon_id")),
    ("GET", "/api/v1/coupons/campaigns"): Case(),
    ("POST", "/api/v1/coupons/campaigns"): Case(
        body=lambda ids: {"name": f"Campaign {uuid4()}", "shop_id": ids["shop_id"], "total_limit": 10}
    ),
    ("GET", "/api/v1/coupons/campaigns/{campaign_id}"): Case(path_of("campaign_id")),
    ("PATCH", "/api/v1/coupons/campaigns/{campaign_id}"): Case(
        path_of("campaign_id"), lambda ids: {"description": "Other"}
    ),
}  # fmt: skip


async def add(made: Make, ids: Ids) -> None:
    """Make a campaign and a coupon."""
    ids["campaign_id"] = (await made("POST", "/api/v1/coupons/campaigns"))["id"]
    ids["coupon_id"] = (await made("POST", "/api/v1/coupons"))["id"]
