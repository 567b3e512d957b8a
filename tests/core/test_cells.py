"""Cells that a spreadsheet may open: marked where it would run them, and read back as they were."""

import pytest

from core.cells import marked, unmarked


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", '"', "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", "'", "''"])
def test_whatever_a_spreadsheet_takes_for_a_formula_is_marked(start: str, before: str) -> None:
    text = f"{before}{start}1+1"
    assert marked(text) == f"'{text}"
    assert unmarked(marked(text)) == text


@pytest.mark.parametrize("text", ["", "1+1", "a=b", "'Tis", "a-b", " plain"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert marked(text) == unmarked(text) == text
