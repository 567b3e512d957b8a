"""Tell a person how far a long piece of work is, on standard error.

Code that takes time gets a `Progress` and opens a step for each part; it never prints. On a terminal a step
is a live bar; elsewhere it is one line when it ends, so that logs stay readable.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Step(Protocol):
    """One running part of the work."""

    def advance(self, amount: float = 1) -> None:
        """Count ``amount`` more units as done."""

    def note(self, text: str) -> None:
        """Say in a few words what came of it so far; the last note stays in the closing line."""


class Progress(Protocol):
    """Where work reports its steps."""

    def step(self, title: str, *, total: float | None = None) -> AbstractContextManager[Step]:
        """Open a step; ``total`` is in the units of ``advance``, ``None`` if unknown."""


class SilentProgress:
    """Reports nothing: for tests, servers and ``--quiet``."""

    @contextmanager
    def step(self, title: str, *, total: float | None = None) -> Iterator[Step]:
        """Open a step that nobody sees."""
        yield _SilentStep()


class TerminalProgress:
    """Live bars on a terminal, one closing line per step everywhere: ``[2/7] building warehouse … 12 s``."""

    def __init__(self, console: "Console", *, steps: int | None = None) -> None:
        self._console = console
        self._steps = steps
        self._opened = 0

    @contextmanager
    def step(self, title: str, *, total: float | None = None) -> Iterator[Step]:
        """Show a step while it runs and how long it took when it ended well."""
        self._opened += 1
        number = f"[{self._opened}/{self._steps}] " if self._steps else ""
        started = time.monotonic()
        if self._console.is_terminal:
            with _bars(self._console) as bars:
                step = _BarStep(bars, bars.add_task(number + title, total=total, note=""))
                yield step
            last_note = step.last_note
        else:
            plain = _SilentStep()
            yield plain
            last_note = plain.last_note
        seconds = time.monotonic() - started
        closing = f"{number}{title} … {seconds:.1f} s"
        self._console.print(closing + (f", {last_note}" if last_note else ""), markup=False, highlight=False)


class _SilentStep:
    def __init__(self) -> None:
        self.last_note = ""

    def advance(self, amount: float = 1) -> None:
        """Count nothing."""

    def note(self, text: str) -> None:
        self.last_note = text


class _BarStep:
    def __init__(self, bars: "Bars", task: "TaskID") -> None:
        self._bars = bars
        self._task = task
        self.last_note = ""

    def advance(self, amount: float = 1) -> None:
        self._bars.advance(self._task, amount)

    def note(self, text: str) -> None:
        self.last_note = text
        self._bars.update(self._task, note=text)


def _bars(console: "Console") -> "Bars":
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    return Bars(*columns, console=console, transient=True)
