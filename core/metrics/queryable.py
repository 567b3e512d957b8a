"""What the figures are read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from core.published import BuildInfo


class Queryable(Protocol):
    """A published snapshot: one company's file, opened read-only (`core.published.Snapshot`)."""

    @property
    def build(self) -> BuildInfo: ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]: ...
