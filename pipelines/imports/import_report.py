"""What an import tells: every row of the files is accounted for, and every penny."""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from pipelines.imports.row_kinds import ROW_KINDS

CENTS = 100


@dataclass(frozen=True)
class KindTotal:
    """Rows of one kind in the files, and what they add up to (quantity x price)."""

    kind: str
    rows_count: int
    units: int
    amount: Decimal


@dataclass(frozen=True)
class ImportReport:
    """The outcome of an import.

    ``rows_accounted_for = rows_in_both_files + rows_already_imported + Σ totals + rows_rejected``, which is
    ``rows_read``; if it were not, nothing would have been imported.
    """

    company: str
    is_dry_run: bool
    rows_read: int
    rows_in_both_files: int
    rows_already_imported: int
    rows_rejected: int
    rows_accounted_for: int
    rejects_file: str | None
    returns_matched: int
    """Returned lines that were found wholly in earlier sales."""
    returns_partly_matched: int
    returns_unmatched: int
    units_cancelled_same_day: int
    assumed_opening_units: int
    seconds: float
    totals: tuple[KindTotal, ...]
    sources: dict[str, int]
    written: dict[str, int]
    """New rows by table; empty in a dry run."""

    @property
    def is_complete(self) -> bool:
        """Whether every row read is in exactly one of the counts."""
        return self.rows_read == self.rows_accounted_for


def total_by_kind(rows: pl.DataFrame) -> tuple[KindTotal, ...]:
    """Add up the classified rows, in a fixed order of kinds; kinds without rows are there with zero."""
    sums = {
        kind: (count, units, cents)
        for kind, count, units, cents in rows.group_by("kind")
        .agg(pl.len(), pl.col("quantity").sum(), pl.col("cents").sum())
        .iter_rows()
    }
    totals = []
    for kind in ROW_KINDS:
        count, units, cents = sums.get(kind, (0, 0, 0))
        totals.append(KindTotal(kind, count, units, Decimal(cents).scaleb(-2)))
    return tuple(totals)
