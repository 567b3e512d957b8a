"""Options that only benchmarks of generated companies have."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from core.errors import UsageError

_GENERATED = ("reports", "scale")
_FEWEST, _MOST = 1_000, 100_000_000


class Options(TypedDict, total=False):
    """What `run` of such a benchmark takes beside the common arguments."""

    lines: tuple[int, ...]
    folder: Path


def read_options(name: str, *, lines: str | None, folder: Path | None) -> Options:
    """Read the options that were given.

    Raises
    ------
    UsageError
        If the benchmark has no such option, or a number of lines is none.

    Examples
    --------
    >>> read_options("scale", lines="1000,20000", folder=None)
    {'lines': (1000, 20000)}
    """
    if name not in _GENERATED and (lines or folder):
        raise UsageError(f"The benchmark {name} has neither --lines nor --folder.")
    options: Options = {}
    if lines:
        options["lines"] = tuple(_lines(number) for number in lines.split(","))
    if folder:
        options["folder"] = folder
    return options


def _lines(number: str) -> int:
    if not number.strip().isdecimal() or not _FEWEST <= int(number) <= _MOST:
        raise UsageError(
            f"--lines: '{number}' is not a number of lines from {_FEWEST:,} to {_MOST:,}.",
            hint="For example: --lines 100000,1000000",
        )
    return int(number)
