"""Every table of the system of record, gathered for migrations and for tests of the catalogue."""

from api.carts import tables as carts
from api.catalog import tables as catalog
from api.checkout import tables as checkout
from api.companies import tables as companies
from api.coupons import tables as coupons
from api.fulfilment import tables as fulfilment
from api.identity import tables as identity
from api.inventory import tables as inventory
from api.media import tables as media
from api.orders import tables as orders
from api.payments import tables as payments
from api.planning import tables as planning
from api.purchasing import tables as purchasing
from api.reports import tables as reports
from api.returns import tables as returns
from api.reviews import tables as reviews
from api.search import tables as search
from api.shipping import tables as shipping
from api.shops import tables as shops
from api.taxes import tables as taxes
from api.views import tables as views
from api.wishlists import tables as wishlists
from core.events import tables as events
from core.postgres.metadata import metadata

__all__ = [
    "carts",
    "catalog",
    "checkout",
    "companies",
    "coupons",
    "events",
    "fulfilment",
    "identity",
    "inventory",
    "media",
    "metadata",
    "orders",
    "payments",
    "planning",
    "purchasing",
    "reports",
    "returns",
    "reviews",
    "search",
    "shipping",
    "shops",
    "taxes",
    "views",
    "wishlists",
]
