"""Calls of checkouts. In the list after the carts: buying the cart ends it, so another is begun."""

from tests.support.operation_case import Case, Ids, Make, path_of
from tests.support.shopping import ADDRESS

CASES: dict[tuple[str, str], Case] = {
    ("POST", "/api/v1/checkouts"): Case(
        body=lambda ids: {"cart_id": ids["cart_id"], "shipping_address": ADDRESS}
    ),
    ("GET", "/api/v1/checkouts/{checkout_id}"): Case(path_of("checkout_id")),
}


async def add(made: Make, ids: Ids) -> None:
    """Buy the customer's cart, and fill the next one."""
    ids["cart_id"] = (await made("GET", "/api/v1/cart"))["id"]
    ids["checkout_id"] = (await made("POST", "/api/v1/checkouts"))["id"]
    ids["cart_item_id"] = (await made("POST", "/api/v1/cart/items"))["lines"][0]["id"]
    ids["cart_id"] = (await made("GET", "/api/v1/cart"))["id"]
