"""Read values as they are written: decimals with comma or point, dates, yes and no. Exact, or not at all."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from pipelines.imports.local_time import to_utc
from pipelines.imports.shop.mapping import FormatPart

UNIT_DIGITS = 6
_LARGEST_WHOLE_DIGITS = 12
_FUTURE_SLACK = timedelta(days=1)  # clocks and time zones differ
_ISO_NAIVE = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
_ISO_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
_TIME_FIELDS = re.compile(r"%-?[HIMSTRXcs]")
_TINY = 1e-4  # of the last digit: what a binary fraction may be off


def text(column: pl.Series) -> pl.Series:
    """Return the values as text without spaces around them; empty ones are null, 17.0 is 17."""
    if column.dtype.is_float():
        is_whole = (column == column.round()) & column.is_finite() & (column.abs() < 1e15)
        whole = column.set(~is_whole.fill_null(False), None).cast(pl.Int64, strict=False).cast(pl.String)
        broken = column.set(~column.is_finite().fill_null(False), None)
        return whole.fill_null(broken.cast(pl.String))
    stripped = column.cast(pl.String).str.strip_chars()
    return stripped.set(stripped == "", None)


def scaled(column: pl.Series, written: FormatPart, digits: int) -> pl.Series:
    """Read decimals and return them as whole numbers of ``10 ** -digits``; null where it can't be exact.

    Text must be written as the format says: other signs between digits, groups that are not of three, or
    more decimals than fit give null. Numbers that are no text are taken as they are.

    Examples
    --------
    >>> german = FormatPart(decimal=",", thousands=".")
    >>> scaled(pl.Series(["1.234,50", "1,234.50", "12,345", "-0,5"]), german, 2).to_list()
    [123450, None, None, -50]
    """
    if column.dtype.is_integer() or column.dtype.is_decimal():
        column, written = column.cast(pl.String), FormatPart()
    if column.dtype.is_float():
        return _scaled_float(column, digits)
    frame = column.cast(pl.String).str.strip_chars().alias("raw").to_frame()
    point, group = re.escape(written.decimal), re.escape(written.thousands)
    grouped = rf"|\d{{1,3}}(?:{group}\d{{3}})+" if written.thousands else ""
    pattern = rf"^([+-]?)(\d+{grouped})(?:{point}(\d+))?$"
    raw = pl.col("raw")
    frame = frame.select(
        sign=raw.str.extract(pattern, 1),
        whole=raw.str.extract(pattern, 2).str.replace_all(written.thousands or " ", "", literal=True),
        fraction=raw.str.extract(pattern, 3).fill_null("").str.strip_chars_end("0"),
    )
    whole = pl.col("whole").str.strip_chars_start("0")
    fits = (whole.str.len_bytes() <= _LARGEST_WHOLE_DIGITS) & (pl.col("fraction").str.len_bytes() <= digits)
    number = pl.concat_str(whole, pl.col("fraction").str.pad_end(digits, "0"))
    value = pl.when(number == "").then(pl.lit("0")).otherwise(number).cast(pl.Int64, strict=False)
    return frame.select(
        pl.when(fits).then(pl.when(pl.col("sign") == "-").then(-value).otherwise(value)).alias(column.name)
    ).to_series()


def instants(column: pl.Series, written: FormatPart, timezone: str) -> pl.Series:
    """Read dates and times and return instants in UTC; null where none of the formats fits.

    A time without an offset is one in ``timezone``; a date alone is its first moment. Without formats
    of the mapping, and always where it has an offset, ISO 8601 is read.
    """
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is not None:
            return column.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
        return _zoned(column.dt.cast_time_unit("us"), timezone)
    if column.dtype != pl.String:
        return pl.Series(column.name, [None] * len(column), dtype=pl.Datetime("us", "UTC"))
    value = column.str.strip_chars()
    local = _local_times(value, written.dates) if written.dates else _iso_times(value)
    zoned = [_iso(value).str.to_datetime(form, strict=False, time_unit="us") for form in _ISO_ZONED]
    return zoned[0].fill_null(zoned[1]).fill_null(_zoned(local, timezone)).alias(column.name)


def flags(column: pl.Series, written: FormatPart) -> pl.Series:
    """Read yes and no; null where it is neither."""
    if column.dtype == pl.Boolean:
        return column
    meanings = {word.lower(): True for word in written.yes} | {word.lower(): False for word in written.no}
    lowered = text(column).str.to_lowercase()
    return lowered.replace_strict(meanings, default=None, return_dtype=pl.Boolean)


def latest_instant(now: datetime) -> datetime:
    """Return the instant after which something that has happened can't lie."""
    return now + _FUTURE_SLACK


def _scaled_float(column: pl.Series, digits: int) -> pl.Series:
    """Round a binary fraction to the last digit; prices of one unit may have had more, amounts not."""
    shifted: pl.Series = column * 10**digits
    is_exact = (shifted - shifted.round()).abs() < _TINY * shifted.abs().clip(lower_bound=1.0).log10().clip(
        lower_bound=1.0
    )
    is_good = column.is_finite() & (column.abs() < 10.0**_LARGEST_WHOLE_DIGITS)
    if digits < UNIT_DIGITS:
        is_good &= is_exact
    kept = shifted.round().set(~is_good.fill_null(False), None)
    return kept.cast(pl.Int64, strict=False)


def _local_times(value: pl.Series, formats: Sequence[str]) -> pl.Series:
    found = pl.Series(value.name, [None] * len(value), dtype=pl.Datetime("us"))
    for form in formats:
        if _TIME_FIELDS.search(form):
            read = value.str.to_datetime(form, strict=False, time_unit="us", ambiguous="null")
        else:
            read = value.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        found = found.fill_null(read)
    return found


def _iso_times(value: pl.Series) -> pl.Series:
    local = _local_times(_iso(value), _ISO_NAIVE)
    return local.fill_null(value.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")))


def _iso(value: pl.Series) -> pl.Series:
    return value.str.replace(r"^(\d{4}-\d{2}-\d{2})[ t](\d)", "${1}T${2}")


def _zoned(local: pl.Series, timezone: str) -> pl.Series:
    return local.to_frame("local").select(to_utc(pl.col("local"), timezone).alias(local.name)).to_series()
