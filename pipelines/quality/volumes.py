"""Judge a day's rows by the same weekdays before: pure arithmetic on counts."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WEEKS = 8
LEAST_WEEKS = 4
SUDDEN_FALL_RATIO = 0.5
SUDDEN_RISE_RATIO = 10.0
LEAST_USUAL_ROWS = 20
# The median of absolute deviations times this estimates a standard deviation, were the counts normal.
_TO_STANDARD_DEVIATION = 1.4826

Status = Literal["usual", "unusual", "sudden"]


@dataclass(frozen=True)
class Verdict:
    """A day's rows beside what is usual; ``weeks`` says how many weekdays that was learnt from."""

    rows: int
    usual_rows: float
    least_rows: float
    most_rows: float
    weeks: int
    status: Status


def judge_day(rows: int, history: Sequence[int], *, limit: float) -> Verdict | None:
    """Compare a day with the same weekdays before; ``None`` if there are too few of them.

    Usual is the median of ``history``; the band around it is ``limit`` spreads wide, where a spread is the
    median absolute deviation as a standard deviation, but at least the noise of counting (the square root
    of the median). One wild week moves neither. Outside the band is unusual; beyond half or ten times the
    median, of at least `LEAST_USUAL_ROWS`, is sudden.

    Examples
    --------
    >>> judge_day(40, [100, 96, 104, 100, 5000], limit=4.0)
    Verdict(rows=40, usual_rows=100, least_rows=60.0, most_rows=140.0, weeks=5, status='sudden')
    >>> judge_day(0, [3, 1, 0, 2], limit=4.0).status
    'usual'
    """
    if len(history) < LEAST_WEEKS:
        return None
    usual = statistics.median(history)
    deviation = statistics.median(abs(count - usual) for count in history)
    spread = max(_TO_STANDARD_DEVIATION * deviation, math.sqrt(usual))
    least, most = max(0.0, usual - limit * spread), usual + limit * spread
    return Verdict(
        rows=rows,
        usual_rows=usual,
        least_rows=least,
        most_rows=most,
        weeks=len(history),
        status=_status(rows, usual, is_inside=least <= rows <= most),
    )


def _status(rows: int, usual: float, *, is_inside: bool) -> Status:
    if is_inside:
        return "usual"
    is_sudden = rows < SUDDEN_FALL_RATIO * usual or rows > SUDDEN_RISE_RATIO * usual
    return "sudden" if is_sudden and usual >= LEAST_USUAL_ROWS else "unusual"
