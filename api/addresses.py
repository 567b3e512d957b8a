"""Addresses and what may be done there; ``/coupons/campaigns`` is not the coupon whose id is "campaigns"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path


@dataclass(frozen=True)
class Address:
    """A path, perhaps with parameters, and what may be done there."""

    path: str
    pattern: re.Pattern[str]
    methods: frozenset[str]


class Addresses:
    """The addresses of some routes: a route tells of its own methods alone."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        methods: dict[str, set[str]] = {}
        for context in iter_route_contexts(routes):
            if context.path is not None:
                methods.setdefault(context.path, set()).update(context.methods or ())
        self._all = [
            Address(path, compile_path(path)[0], frozenset(methods[path]))
            for path in sorted(methods, key=lambda path: path.count("{"))
        ]
        self._by_end: dict[str, list[Address]] = {}
        for address in self._all:
            if not address.path.endswith("}"):
                self._by_end.setdefault(address.path.rpartition("/")[2], []).append(address)

    def methods_at_end(self, path: str) -> frozenset[str] | None:
        """Return the methods of an address that ends with a word of its own; None if no such one fits."""
        for address in self._by_end.get(path.rpartition("/")[2], ()):
            if address.pattern.match(path):
                return address.methods
        return None

    def methods_at(self, path: str) -> frozenset[str]:
        """Return what may be done at a path, which a pattern may fit that other routes have too."""
        own = self.methods_at_end(path)
        fitting = [address.methods for address in self._all if own is None and address.pattern.match(path)]
        return own or frozenset().union(*fitting)
