"""Requests of every operation of carts, and the rows that their paths name."""

from typing import Any

from tests.support.operation_case import Case, Ids, Make, path_of

_CART = "/api/v1/cart"
_NOBODY_S_CART = "swc_" + 43 * "x"


def _line(ids: Ids) -> dict[str, str]:
    return {"item_id": ids["cart_item_id"]}


def _saved(ids: Ids) -> dict[str, str]:
    return {"item_id": ids["saved_item_id"]}


def _items(ids: Ids) -> dict[str, Any]:
    item = {"variant_id": ids["variant_id"], "shop_id": ids["shop_id"], "quantity_units": 1}
    return {"items": [item]}


CASES: dict[tuple[str, str], Case] = {
    ("GET", _CART): Case(),
    ("POST", _CART): Case(),
    ("PATCH", _CART): Case(body=lambda ids: {"email": "guest@example.com"}),
    ("POST", f"{_CART}/items"): Case(body=_items),
    ("PUT", f"{_CART}/items"): Case(
        body=lambda ids: {"items": [{"id": ids["cart_item_id"], "quantity_units": 2}]}
    ),
    ("DELETE", f"{_CART}/items"): Case(),
    ("PUT", f"{_CART}/items/{{item_id}}"): Case(_line, lambda ids: {"quantity_units": 2}),
    ("DELETE", f"{_CART}/items/{{item_id}}"): Case(_line),
    ("POST", f"{_CART}/items/{{item_id}}/save-for-later"): Case(_line),
    ("PUT", f"{_CART}/prices"): Case(),
    ("POST", f"{_CART}/coupons"): Case(body=lambda ids: {"code": "NOTHING"}),
    ("DELETE", f"{_CART}/coupons/{{code}}"): Case(lambda ids: {"code": "NOTHING"}),
    ("POST", f"{_CART}/merge"): Case(body=lambda ids: {"cart_token": _NOBODY_S_CART}),
    ("GET", f"{_CART}/saved-items"): Case(),
    ("POST", f"{_CART}/saved-items/{{item_id}}/move-to-cart"): Case(
        _saved, lambda ids: {"quantity_units": 1}
    ),
    ("DELETE", f"{_CART}/saved-items/{{item_id}}"): Case(_saved),
    ("GET", "/api/v1/wishlist"): Case(),
    ("POST", "/api/v1/wishlist/items"): Case(body=lambda ids: {"product_id": ids["product_id"]}),
    ("DELETE", "/api/v1/wishlist/items/{item_id}"): Case(lambda ids: {"item_id": ids["wishlist_item_id"]}),
    ("GET", "/api/v1/wishlists"): Case(),
    ("POST", "/api/v1/wishlists"): Case(body=lambda ids: {"name": "Birthday"}),
    ("GET", "/api/v1/wishlists/shared/{share_token}"): Case(path_of("share_token")),
    ("GET", "/api/v1/wishlists/{wishlist_id}"): Case(path_of("wishlist_id")),
    ("PATCH", "/api/v1/wishlists/{wishlist_id}"): Case(path_of("wishlist_id"), lambda ids: {"name": "Mine"}),
    ("DELETE", "/api/v1/wishlists/{wishlist_id}"): Case(path_of("wishlist_id")),
    ("PUT", "/api/v1/wishlists/{wishlist_id}/share"): Case(path_of("wishlist_id")),
    ("DELETE", "/api/v1/wishlists/{wishlist_id}/share"): Case(path_of("wishlist_id")),
    ("POST", "/api/v1/wishlists/{wishlist_id}/items"): Case(
        path_of("wishlist_id"), lambda ids: {"product_id": ids["product_id"], "priority": 5}
    ),
    ("PATCH", "/api/v1/wishlists/{wishlist_id}/items/{item_id}"): Case(
        lambda ids: {"wishlist_id": ids["wishlist_id"], "item_id": ids["wishlist_item_id"]},
        lambda ids: {"priority": 4},
    ),
    ("DELETE", "/api/v1/wishlists/{wishlist_id}/items/{item_id}"): Case(
        lambda ids: {"wishlist_id": ids["wishlist_id"], "item_id": ids["wishlist_item_id"]}
    ),
    ("POST", "/api/v1/wishlists/{wishlist_id}/items/{item_id}/move-to-cart"): Case(
        lambda ids: {"wishlist_id": ids["wishlist_id"], "item_id": ids["wishlist_item_id"]},
        lambda ids: {"shop_id": ids["shop_id"], "quantity_units": 1},
    ),
}


async def add(made: Make, ids: Ids) -> None:
    """Fill the customer's cart, save something for later, and share a wishlist with something on it."""
    ids["cart_item_id"] = (await made("POST", f"{_CART}/items"))["lines"][0]["id"]
    await made("POST", f"{_CART}/items/{{item_id}}/save-for-later")
    ids["saved_item_id"] = (await made("GET", f"{_CART}/saved-items"))["items"][0]["id"]
    ids["cart_item_id"] = (await made("POST", f"{_CART}/items"))["lines"][0]["id"]
    ids["wishlist_id"] = (await made("POST", "/api/v1/wishlists"))["id"]
    added = await made("POST", "/api/v1/wishlists/{wishlist_id}/items")
    ids["wishlist_item_id"] = added["items"][0]["id"]
    ids["share_token"] = (await made("PUT", "/api/v1/wishlists/{wishlist_id}/share"))["share_token"]
