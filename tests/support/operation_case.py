"""How a test calls one operation of the API; each domain lists its own in ``tests/support/cases``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Ids = dict[str, str]
# Calls a case of an operation (method, path) as the company's admin, expects success and returns the body.
Make = Callable[[str, str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """How to call one operation; what is left out needs nothing."""

    path: Callable[[Ids], dict[str, str]] = lambda ids: {}
    body: Callable[[Ids], Any] = lambda ids: None
    # Parts of a multipart form, as httpx takes them; then there is no JSON body.
    files: Callable[[Ids], Any] = lambda ids: None
    query: Callable[[Ids], dict[str, str]] = lambda ids: {}
    # Without a published build these answer 503 to everyone, before they look for anything.
    needs_build: bool = False


def path_of(*names: str) -> Callable[[Ids], dict[str, str]]:
    return lambda ids: {name: ids[name] for name in names}
