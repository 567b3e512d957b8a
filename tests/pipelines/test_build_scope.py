"""What a build was made from, compared with what there is now: each difference has a reason of its own."""

from typing import Any

import pytest

from pipelines.build_scope import _difference

BUILT: dict[str, Any] = {
    "project": "p",
    "generation": "g",
    "pull_number": 7,
    "tables": {"orders": ["1", 3]},
    "files": {"orders/1.parquet": [10, 1], "orders/2.parquet": [20, 2]},
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"pull_number": 8}, ""),
        ({"files": {"orders/3.parquet": [30, 3]}}, ""),  # merged: a new file instead of both
        ({"project": "other"}, "the models changed"),
        ({"generation": "other"}, "everything was fed anew"),
        ({"pull_number": 6}, "everything was fed anew"),
        ({"tables": {"orders": ["1", 8]}}, "a table was fed anew"),
        ({"tables": {"orders": ["2", 3]}}, "a table was fed anew"),
        ({"files": {"orders/1.parquet": [10, 9]}}, "a file of the lake was changed"),
        ({"files": {"orders/2.parquet": [21, 2]}}, "a file of the lake was changed"),
    ],
)
def test_each_difference_has_everything_built_anew_for_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    assert _difference(BUILT, BUILT | changes) == reason
