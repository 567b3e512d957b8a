"""Addresses of their own: ``/coupons/campaigns`` is not the coupon whose id is "campaigns"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import MethodNotAllowed
from api.problems import problem_response


@dataclass(frozen=True)
class Address:
    """A path, perhaps with parameters before its end, and what may be done there."""

    pattern: re.Pattern[str]
    methods: frozenset[str]


def addresses_by_end(routes: Sequence[BaseRoute]) -> dict[str, tuple[Address, ...]]:
    """Return the paths that end with a word of their own by that word; those without parameters first."""
    methods: dict[str, set[str]] = {}
    for context in iter_route_contexts(routes):
        if context.path is not None and not context.path.endswith("}"):
            methods.setdefault(context.path, set()).update(context.methods or ())
    found: dict[str, list[Address]] = {}
    for path in sorted(methods, key=lambda path: path.count("{")):
        address = Address(compile_path(path)[0], frozenset(methods[path]))
        found.setdefault(path.rpartition("/")[2], []).append(address)
    return {end: tuple(addresses) for end, addresses in found.items()}


class OwnAddresses:
    """Refuses other methods there, which else went to the routes of a pattern that the address fits too."""

    def __init__(self, app: ASGIApp, *, addresses: Mapping[str, Sequence[Address]]) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self._methods_at(scope["path"]) if scope["type"] == "http" else None
        if known is None or scope["method"] in known:
            await self._app(scope, receive, send)
            return
        refused = MethodNotAllowed(headers={"Allow": ", ".join(sorted(known))})
        answer = problem_response(refused, path=scope["path"], request_id=scope["state"]["request_id"])
        await answer(scope, receive, send)

    def _methods_at(self, path: str) -> frozenset[str] | None:
        for address in self._addresses.get(path.rpartition("/")[2], ()):
            if address.pattern.match(path):
                return address.methods
        return None
