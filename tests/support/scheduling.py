"""Who runs which tests: files stay together, so do those that share one costly thing; the long ones go first.

A long file that comes last leaves the other processes with nothing to do until it ends.
"""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# Their files share a fixture that takes many seconds: a warehouse, a demo, two processes of the API.
TOGETHER = ("tests/dbt", "tests/pipelines/demo", "tests/concurrency", "tests/metrics")
# Each takes more than half a minute; the longest first. The others come as they are found.
LONGEST = (
    "tests/pipelines/imports/test_import_real_files.py",
    "tests/pipelines/test_round.py",
    "tests/concurrency",
    "tests/end_to_end/test_main_job.py",
    "tests/faults/test_kill_run.py",
    "tests/dbt",
    "tests/metrics",
    "tests/faults/test_kill_api.py",
    "tests/faults/test_kill_feed.py",
    "tests/core/test_events_relay.py",
    "tests/api/orders/test_lifecycle_machine.py",
    "tests/api/platform/test_other_tenants.py",
    "tests/pipelines/demo",
)


def unit_of(node_id: str) -> str:
    """Return what stays together with a test: its file, or its folder."""
    file = node_id.split("::", 1)[0]
    return next((folder for folder in TOGETHER if PurePosixPath(file).is_relative_to(folder)), file)


def order(items: list[pytest.Item]) -> None:
    """Bring the longest to the front, then what is marked slow; within a file nothing changes."""
    slow = {unit_of(item.nodeid) for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[int, bool]:
        unit = unit_of(item.nodeid)
        return LONGEST.index(unit) if unit in LONGEST else len(LONGEST), unit not in slow

    items.sort(key=place)


class UnitScheduling(LoadFileScheduling):
    """One unit after the other, in the order of `order`."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # else those with the fewest tests, the long ones, come last
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
