"""How a command speaks: data on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from rich import box
from rich.console import Console
from rich.table import Table

from core.errors import StockwiseError
from core.progress import Progress, SilentProgress, TerminalProgress

_PIPED_WIDTH = 240  # Rich would cut rows at 80 columns where there is no terminal to ask


class Terminal:
    """Standard output and standard error of one command."""

    def __init__(self, *, is_quiet: bool = False, has_color: bool = True) -> None:
        self.is_quiet = is_quiet
        no_color = None if has_color else True  # None: as NO_COLOR and the terminal say
        width = None if sys.stdout.isatty() else _PIPED_WIDTH
        self._out = Console(no_color=no_color, width=width, highlight=False)
        self._err = Console(no_color=no_color, stderr=True, highlight=False, soft_wrap=True)

    def progress(self, *, steps: int | None = None) -> Progress:
        """Return where work reports its steps; silent when quiet."""
        return SilentProgress() if self.is_quiet else TerminalProgress(self._err, steps=steps)

    def message(self, text: str) -> None:
        """Say something to the person; left out when quiet."""
        if not self.is_quiet:
            self._err.print(text, markup=False)

    def error(self, error: StockwiseError) -> None:
        """Say in one line what went wrong, and in a second one what to do."""
        self._err.print(f"Error: {error.message}", markup=False, style="red")
        if error.hint:
            self._err.print(f"  {error.hint}", markup=False)

    def text(self, line: str) -> None:
        """Write one line of data."""
        self._out.print(line, markup=False, soft_wrap=True)

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()
    ) -> None:
        """Write a table; columns named in ``right`` hold numbers."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column, justify="right" if column in set(right) else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        self._out.print(table)

    def json(self, value: object) -> None:
        """Write one JSON document."""
        sys.stdout.write(json.dumps(value, default=_encode, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def report(self, report: object, *, as_json: bool) -> None:
        """Write a dataclass: its plain fields as one table, each of its lists or mappings as another."""
        if as_json:
            self.json(report)
            return
        values = vars(report)
        plain = {name: value for name, value in values.items() if not isinstance(value, list | tuple | dict)}
        if plain:
            self.table(
                ("", "value"),
                [(_title(name), _figure(value)) for name, value in plain.items()],
                right=("value",),
            )
        for name, value in values.items():
            if isinstance(value, dict) and value:
                self.table(
                    (_title(name), "value"),
                    [(key, _figure(one)) for key, one in value.items()],
                    right=("value",),
                )
            elif isinstance(value, list | tuple) and value and hasattr(value[0], "__dict__"):
                columns = list(vars(value[0]))
                self.table(
                    [_title(column) for column in columns],
                    [list(map(_figure, vars(row).values())) for row in value],
                )
            elif isinstance(value, list | tuple) and value:
                self.table((_title(name),), [(entry,) for entry in value])


def _title(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return escape(str(value))


def _figure(value: object) -> object:
    """Group the digits of counts and amounts; ports and ids come as text."""
    return f"{value:,}" if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _encode(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Path | UUID):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
