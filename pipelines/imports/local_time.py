"""Times as a clock on the wall shows them."""

import polars as pl


def to_utc(local: pl.Expr, timezone: str) -> pl.Expr:
    """Read the time on the wall: the first of two equal hours in autumn; one that spring skips is late."""
    zoned = local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    shifted = local.dt.offset_by("1h").dt.replace_time_zone(
        timezone, ambiguous="earliest", non_existent="null"
    )
    return pl.coalesce(zoned, shifted).dt.convert_time_zone("UTC")
