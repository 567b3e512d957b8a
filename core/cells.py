"""Cells of files that a spreadsheet may open: no text in them is taken for a formula."""

from __future__ import annotations

import re
from typing import Final

FORMULA: Final = "^'*[=+\\-@\\t\\r\\n\"＝＋－＠]"
"""How a text starts that a spreadsheet would run, after any apostrophes; the full-width forms too."""

PLAIN_NUMBER: Final = r"^[+-]?[0-9]+([.,][0-9]+)?$"
"""A text that starts like a formula and is none."""

_FORMULA = re.compile(FORMULA)


def marked(text: str) -> str:
    """Write a text so that a spreadsheet shows it and does not run it.

    Examples
    --------
    >>> marked("=1+1"), marked("'=1+1"), marked("plain")
    ("'=1+1", "''=1+1", 'plain')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unmarked(text: str) -> str:
    """Read a text back that `marked` wrote.

    Examples
    --------
    >>> unmarked("'=1+1"), unmarked("'Tis")
    ('=1+1', "'Tis")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
