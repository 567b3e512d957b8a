"""Find the sale that a returned line belongs to. The files do not say: C-invoices name no invoice."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import polars as pl

PIECE_SCHEMA: dict[str, type[pl.DataType]] = {
    "return_row": pl.Int64,
    "sale_row": pl.Int64,
    "units": pl.Int64,
    "cents": pl.Int64,
}


@dataclass
class _OpenLine:
    sale_row: int
    local_time: Any
    units: int


def match_returns(sales: pl.DataFrame, returns: pl.DataFrame) -> pl.DataFrame:
    """Give each returned line to earlier sales of the same customer and code.

    Returns are taken oldest first. Each goes to the newest earlier line that still has as many open units
    (sold and not yet returned); if no single line has, it is split over the open lines, newest first; what
    is left then, and every return without customer, is unmatched.

    Parameters
    ----------
    sales : DataFrame
        ``sale_row``, ``customer_id``, ``code``, ``local_time`` and ``open_units``.
    returns : DataFrame
        ``return_row``, ``customer_id``, ``code``, ``local_time``, ``units`` and ``cents``, both positive.

    Returns
    -------
    DataFrame
        One row per piece: ``return_row``, ``sale_row`` (null: unmatched), ``units`` and ``cents``. The
        pieces of a return add up to it, in units and in cents.
    """
    known = returns.filter(pl.col("customer_id").is_not_null())
    lines = sales.join(known.select("customer_id", "code").unique(), on=["customer_id", "code"], how="semi")
    open_lines: defaultdict[tuple[str, str], list[_OpenLine]] = defaultdict(list)
    for row in lines.sort("local_time", "sale_row").iter_rows(named=True):
        open_lines[row["customer_id"], row["code"]].append(
            _OpenLine(row["sale_row"], row["local_time"], row["open_units"])
        )
    pieces: list[tuple[int, int | None, int, int]] = []
    for row in returns.sort("local_time", "return_row").iter_rows(named=True):
        candidates = open_lines.get((row["customer_id"], row["code"]), [])
        earlier = [
            line for line in reversed(candidates) if line.local_time < row["local_time"] and line.units
        ]
        pieces += _split(row["return_row"], row["units"], row["cents"], earlier)
    return pl.DataFrame(pieces, schema=PIECE_SCHEMA, orient="row")


def _split(
    return_row: int, units: int, cents: int, earlier: list[_OpenLine]
) -> list[tuple[int, int | None, int, int]]:
    """Take ``units`` from the lines, newest first, and share the cents so that none is lost."""
    whole = next((line for line in earlier if line.units >= units), None)
    taken: list[tuple[int | None, int]] = []
    missing = units
    for line in [whole] if whole else earlier:
        part = min(line.units, missing)
        line.units -= part
        missing -= part
        taken.append((line.sale_row, part))
        if not missing:
            break
    if missing:
        taken.append((None, missing))
    pieces = []
    done_units = done_cents = 0
    for sale_row, part in taken:
        done_units += part
        upto = (2 * cents * done_units + units) // (2 * units)
        pieces.append((return_row, sale_row, part, upto - done_cents))
        done_cents = upto
    return pieces
