"""The law of access: ``docs/reference/permissions.csv``, one row per route and role.

What has no row is refused: a route without one stops the API from starting. A row grants a scope, which
the route's queries apply:

==========  ============================================================
public      no credential is needed
own         rows of the caller alone (a customer's orders, my profile)
shop        rows of the caller's shops
company     rows of the whole company
platform    every company (super admins, one company at a time)
==========  ============================================================
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from core.errors import StockwiseError

ANONYMOUS = "anonymous"
STOREFRONT = "storefront"
ROLES = (
    "super_admin",
    "company_admin",
    "shop_manager",
    "shop_staff",
    "buyer",
    "customer",
    STOREFRONT,
    ANONYMOUS,
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
COLUMNS = ["method", "route", "role", "scope", "note"]
_PLACES = (
    Path(__file__).resolve().parent.parent / "docs" / "reference" / "permissions.csv",
    Path(__file__).with_name("permissions.csv"),
)


class Scope(StrEnum):
    """How far a grant reaches; the order of the members is from narrow to wide."""

    PUBLIC = "public"
    OWN = "own"
    SHOP = "shop"
    COMPANY = "company"
    PLATFORM = "platform"

    @property
    def width(self) -> int:
        """Place in the order from narrow to wide."""
        return list(Scope).index(self)


_BY_WIDTH = {scope: scope.width for scope in Scope}


class PermissionsError(StockwiseError):
    """The table of permissions is not in order, so nothing is served."""


@dataclass(frozen=True)
class RoutePermission:
    """Who may use one method of one route, and how far."""

    method: str
    route: str
    scope_by_role: Mapping[str, Scope]

    @property
    def is_public(self) -> bool:
        """Whether no credential is looked at: everyone is anonymous here."""
        return set(self.scope_by_role) == {ANONYMOUS}

    def scope_for(self, roles: Iterable[str]) -> Scope | None:
        """Return the widest scope that any of ``roles`` is granted, or None: refused."""
        granted = [self.scope_by_role[role] for role in roles if role in self.scope_by_role]
        return max(granted, key=_BY_WIDTH.__getitem__, default=None)


RouteKey = tuple[str, str]
EndpointKey = tuple[str, Callable[..., Any]]


def load_permissions(file: Path | None = None) -> dict[RouteKey, RoutePermission]:
    """Read the table, keyed by method and route (names inside braces do not matter).

    Raises
    ------
    PermissionsError
        If the file is missing, or a row has an unknown role, scope or method, or comes twice.
    """
    file = file or next((place for place in _PLACES if place.exists()), _PLACES[0])
    granted: dict[RouteKey, dict[str, Scope]] = {}
    for number, row in enumerate(_rows(file), start=2):
        method, route, role, scope = (row[column].strip() for column in COLUMNS[:4])
        if (
            role not in ROLES
            or scope not in set(Scope)
            or not re.fullmatch("GET|POST|PUT|PATCH|DELETE", method)
        ):
            raise PermissionsError(f"{file.name}, line {number}: unknown method, role or scope.")
        if (role == ANONYMOUS) != (scope == Scope.PUBLIC):
            raise PermissionsError(f"{file.name}, line {number}: anonymous callers have the scope public.")
        by_role = granted.setdefault(route_key(method, route), {})
        if role in by_role:
            raise PermissionsError(f"{file.name}, line {number}: {method} {route} has two rows for {role}.")
        by_role[role] = Scope(scope)
    return {key: RoutePermission(key[0], key[1], by_role) for key, by_role in granted.items()}


def bind_permissions(
    app: FastAPI, permissions: Mapping[RouteKey, RoutePermission]
) -> dict[EndpointKey, RoutePermission]:
    """Find each route's row, so that a request's row is one dictionary look-up.

    Raises
    ------
    PermissionsError
        If a route has no row; its name is in the sentence.
    """
    bound: dict[EndpointKey, RoutePermission] = {}
    missing: list[str] = []
    for method, path, endpoint in routes_of(app):
        permission = permissions.get(route_key(method, path))
        if permission is None:
            missing.append(f"{method} {path}")
        else:
            bound[method, endpoint] = permission
    if missing:
        raise PermissionsError(
            f"No row in permissions.csv for: {', '.join(sorted(missing))}.",
            hint="Add a row per role that may use it; a route without a row is refused.",
        )
    return bound


def routes_of(app: FastAPI) -> list[tuple[str, str, Callable[..., Any]]]:
    """List method, path and function of every operation that the app serves."""
    found: list[tuple[str, str, Callable[..., Any]]] = []
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute):
            continue
        path, endpoint = context.path, context.endpoint
        if path is not None and endpoint is not None:
            found += [(method, path, endpoint) for method in sorted(context.methods or ())]
    return found


def route_key(method: str, route: str) -> RouteKey:
    """Method and path with its parameters' names left out."""
    return method, re.sub(r"\{[^}]*\}", "{}", route)


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
    except OSError as error:
        raise PermissionsError(f"The table of permissions can't be read: {error}.") from None
    if reader.fieldnames != COLUMNS or any(None in row.values() or None in row for row in rows):
        raise PermissionsError(f"{file.name} must have the columns {', '.join(COLUMNS)}.")
    return rows
