"""From days of the simulation, which are the company's own, to instants in UTC."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

MORNING_SECOND = 0
RECEIPT_SECOND = 7 * 3600
RETURN_SECOND = 7 * 3600 + 1800
ORDERING_SECOND = 15 * 3600
SENDING_SECOND = 16 * 3600
NIGHT_SECOND = 23 * 3600 + 50 * 60


@dataclass(frozen=True)
class LocalClock:
    """The company's calendar: ``dates`` are its days from the first to the last of the history."""

    dates: NDArray[np.datetime64]
    timezone: str

    def instants(self, days: ArrayLike, seconds: ArrayLike) -> pl.Series:
        """Return the instants so many seconds (by the clock on the wall) into these days."""
        day_numbers = self.dates[0].astype(np.int64) + np.asarray(days, dtype=np.int64)
        local = (day_numbers * 86_400 + np.asarray(seconds, dtype=np.int64)) * 1_000_000
        return (
            pl.Series(local)
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone(self.timezone, ambiguous="earliest")
            .dt.convert_time_zone("UTC")
        )

    def instant(self, day: int, second: int) -> pl.Series:
        """Return one instant as a series of one."""
        return self.instants([day], [second])


def milliseconds(instants: pl.Series) -> list[int]:
    """Return milliseconds since 1970, for ids."""
    result: list[int] = instants.dt.epoch("ms").to_list()
    return result
