"""Every table of the system of record, gathered for migrations and for tests of the catalogue."""

from api.catalog import tables as catalog
from api.companies import tables as companies
from api.identity import tables as identity
from api.inventory import tables as inventory
from api.orders import tables as orders
from api.planning import tables as planning
from api.purchasing import tables as purchasing
from api.shops import tables as shops
from core.events import tables as events
from core.postgres.metadata import metadata

__all__ = [
    "catalog",
    "companies",
    "events",
    "identity",
    "inventory",
    "metadata",
    "orders",
    "planning",
    "purchasing",
    "shops",
]
