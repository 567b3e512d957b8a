"""Companies for tests: each with a shop, a location, a product in stock, a customer and a supplier."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from core.ids import new_id


@dataclass(frozen=True)
class Company:
    """The ids of one company's rows."""

    id: UUID
    slug: str
    admin_user_id: UUID
    shop_id: UUID
    location_id: UUID
    category_id: UUID
    product_id: UUID
    variant_id: UUID
    customer_id: UUID
    supplier_id: UUID
    sku: str


def add_company(
    owner: psycopg.Connection[tuple[Any, ...]],
    slug: str,
    *,
    on_hand_units: int = 100,
    price_amount: str = "10.00",
    cost_amount: str = "6.00",
    currency: str = "EUR",
) -> Company:
    """Write one company, on a connection of the owner's role."""
    company = Company(
        id=new_id(), slug=slug, admin_user_id=new_id(), shop_id=new_id(), location_id=new_id(),
        category_id=new_id(), product_id=new_id(), variant_id=new_id(), customer_id=new_id(),
        supplier_id=new_id(), sku="SKU-1",
    )  # fmt: skip
    values = {**vars(company), "price": price_amount, "cost": cost_amount, "currency": currency}
    with owner.transaction():
        for statement in _STATEMENTS:
            owner.execute(statement, values)
        if on_hand_units:
            owner.execute(_OPENING_STOCK, {**values, "units": on_hand_units})
    return company


_STATEMENTS = (
    "insert into users (id, email, password_hash)"
    " values (%(admin_user_id)s, %(slug)s || '@example.com', '-')",
    "insert into companies (id, name, slug, currency, owner_user_id)"
    " values (%(id)s, initcap(%(slug)s), %(slug)s, %(currency)s, %(admin_user_id)s)",
    "insert into memberships (company_id, user_id, role) values (%(id)s, %(admin_user_id)s, 'company_admin')",
    "insert into shops (company_id, id, name, slug) values (%(id)s, %(shop_id)s, 'Main shop', 'main')",
    "insert into locations (company_id, id, code, name)"
    " values (%(id)s, %(location_id)s, 'MAIN', 'Main store')",
    "insert into shop_locations (company_id, shop_id, location_id)"
    " values (%(id)s, %(shop_id)s, %(location_id)s)",
    "insert into categories (company_id, id, name, slug) values (%(id)s, %(category_id)s, 'Goods', 'goods')",
    "insert into products (company_id, id, category_id, sku, slug, name, price_amount, cost_amount, status)"
    " values (%(id)s, %(product_id)s, %(category_id)s, %(sku)s, 'thing', 'Thing', %(price)s, %(cost)s,"
    " 'published')",
    "insert into variants (company_id, id, product_id, sku)"
    " values (%(id)s, %(variant_id)s, %(product_id)s, %(sku)s)",
    "insert into customers (company_id, id, email) values (%(id)s, %(customer_id)s, 'buyer@example.com')",
    "insert into suppliers (company_id, id, code, name, currency)"
    " values (%(id)s, %(supplier_id)s, 'SUP-1', 'Supplier', %(currency)s)",
    "insert into product_suppliers (company_id, variant_id, supplier_id, unit_cost_amount, currency)"
    " values (%(id)s, %(variant_id)s, %(supplier_id)s, %(cost)s, %(currency)s)",
)
_OPENING_STOCK = (
    "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason, unit_cost_amount)"
    " values (%(id)s, %(location_id)s, %(variant_id)s, %(units)s, 'opening', %(cost)s)"
)
