"""What every command shares: the global flags, the settings that follow from them, and where it speaks."""

import itertools
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.terminal import Terminal

if TYPE_CHECKING:
    from core.settings import Settings

_FLAGS = {"--debug", "--quiet", "-q", "--no-color"}


class Reconciled(StrEnum):
    """What `stockwise reconcile` compares."""

    WAREHOUSE = "warehouse"
    STOCK = "stock"

    @property
    def module(self) -> str:
        """Where its ``reconcile`` is, for the command to import."""
        return {"warehouse": "pipelines.status", "stock": "api.inventory.reconcile"}[self]

    @property
    def failure(self) -> str:
        """What a difference means."""
        if self is Reconciled.STOCK:
            return "Stock levels differ from their ledger, reservations or transfers."
        return "Warehouse and PostgreSQL differ."


@dataclass
class Session:
    """The global flags of one command."""

    home: Path | None = None
    is_quiet: bool = False
    has_color: bool = True
    terminal: Terminal = field(init=False)

    def __post_init__(self) -> None:
        self.terminal = Terminal(is_quiet=self.is_quiet, has_color=self.has_color)

    @cached_property
    def settings(self) -> "Settings":
        """Settings of a command without flags of its own."""
        return self.settings_with()

    def settings_with(self, **flags: object) -> "Settings":
        """Settings in which a command's flags win; ``None`` is a flag not given. Logging follows them."""
        from core.logging import configure_logging
        from core.settings import load_settings

        settings = load_settings({"home": self.home, **flags})
        configure_logging(settings, is_quiet=self.is_quiet)
        return settings

    def start_with(self, **flags: object) -> "Settings":
        """Settings of a command that does real work: production refuses open doors."""
        from core.secrets import require_safe_production

        settings = self.settings_with(**flags)
        require_safe_production(settings)
        return settings


def hoist_global_flags(arguments: list[str]) -> list[str]:
    """Move the global flags to the front, so that they may stand anywhere before ``--``.

    Examples
    --------
    >>> hoist_global_flags(["run", "--json", "--home", "there", "--debug"])
    ['--home', 'there', '--debug', 'run', '--json']
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments[:end])
    for word in words:
        if word in _FLAGS or word.startswith("--home="):
            front.append(word)
        elif word == "--home":
            front.extend([word, *itertools.islice(words, 1)])
        else:
            rest.append(word)
    return [*front, *rest, *arguments[end:]]
