"""Shoppers in tests: what they put into carts, and what they get back."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from core.ids import new_id
from tests.support.api_client import Api
from tests.support.companies import Company

CART = "/api/v1/cart"


@dataclass
class Shopper:
    """Someone with a browser: a customer, or a guest whose storefront keeps the token of the cart."""

    client: httpx.AsyncClient
    company: Company
    headers: dict[str, str]
    is_guest: bool = False
    token: str | None = field(default=None)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a request; a guest's token is kept and sent along."""
        own = dict(self.headers)
        if self.token is not None:
            own["X-Cart-Token"] = self.token
        if method == "POST":
            own["Idempotency-Key"] = str(uuid4())
        answer = await self.client.request(method, path, json=body, headers=own | headers)
        if self.is_guest:
            self.token = answer.headers.get("X-Cart-Token", self.token)
        return answer

    async def add(self, *items: dict[str, Any]) -> httpx.Response:
        return await self.send("POST", f"{CART}/items", {"items": list(items)})

    async def cart(self) -> dict[str, Any]:
        answer = await self.send("GET", CART)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def quantities(self) -> dict[str, int]:
        """Units in the cart by SKU."""
        return {line["sku"]: line["quantity_units"] for line in (await self.cart())["lines"]}

    async def saved(self) -> dict[str, int]:
        """Units saved for later by SKU."""
        answer = await self.send("GET", f"{CART}/saved-items")
        assert answer.status_code == 200, answer.text
        return {item["sku"]: item["quantity_units"] for item in answer.json()["items"]}


def item(company: Company, sku: str | None = None, units: int = 1, **changes: Any) -> dict[str, Any]:
    """Return something to add: the company's first variant if no SKU is named."""
    return {"sku": sku or company.sku, "shop_id": str(company.shop_id), "quantity_units": units} | changes


def customer(api: Api, company: Company, customer_id: UUID | None = None) -> Shopper:
    """Return the company's customer, or another one."""
    headers = api.token("customer", company, customer_id=customer_id or company.customer_id)
    return Shopper(api.client, company, headers)


def guest(api: Api, company: Company) -> Shopper:
    """Return someone at the company's storefront who is not logged in."""
    return Shopper(api.client, company, api.storefront(company), is_guest=True)


def add_customer(api: Api, company: Company) -> UUID:
    """Write another customer of the company."""
    customer_id = new_id()
    with api.database.connect("owner") as owner:
        owner.execute("insert into customers (company_id, id) values (%s, %s)", [company.id, customer_id])
    return customer_id


def add_shop(api: Api, company: Company, slug: str = "second") -> UUID:
    """Write another shop, which draws on the same location."""
    shop_id = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into shops (company_id, id, name, slug) values (%s, %s, %s, %s)",
            [company.id, shop_id, slug.title(), slug],
        )
        owner.execute(
            "insert into shop_locations (company_id, shop_id, location_id) values (%s, %s, %s)",
            [company.id, shop_id, company.location_id],
        )
    return shop_id
