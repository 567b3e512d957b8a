"""Read a company's published numbers again and again, in a process of its own, until told to stop.

Called by tests as ``python -m tests.support.published_reader HOME``; prints what it saw when the file
``stop`` appears in the home folder.
"""

import json
import sys
import time

from core.published import open_snapshot
from core.settings import load_settings
from tests.support.publishing import ACME, build_name

PAUSE_SECONDS = 0.01  # as many readers as there are must leave the publisher some of the processor
TOTAL = "select min(net_sales_amount) as least, max(net_sales_amount) as most from srv_sales_daily"


def main(home: str) -> None:
    settings = load_settings({"home": home})
    mixed, errors, opening_seconds, builds, before, steps_back = 0, [], [], set(), "", 0
    while not (settings.home / "stop").exists():
        started = time.perf_counter()
        try:
            with open_snapshot(settings, ACME) as snapshot:
                opening_seconds.append(time.perf_counter() - started)
                row = snapshot.rows(TOTAL)[0]
                build = snapshot.rows("select build_id from build_info")[0]["build_id"]
        except Exception as error:
            errors.append(repr(error))
            continue
        mixed += row["least"] != row["most"] or build != build_name(int(row["most"]))
        builds.add(build)
        steps_back += build < before
        before = build
        time.sleep(PAUSE_SECONDS)
    opening_seconds.sort()
    print(  # noqa: T201 - the test reads it
        json.dumps(
            {
                "reads": len(opening_seconds),
                "mixed": mixed,
                "errors": errors[:3],
                "builds": len(builds),
                "steps_back": steps_back,
                "p50_seconds": opening_seconds[len(opening_seconds) // 2],
                "p99_seconds": opening_seconds[int(len(opening_seconds) * 0.99)],
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
