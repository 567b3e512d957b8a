"""What a benchmark reports: figures, each with its unit, its baseline and the ratio of the two."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One number; ``ratio`` is value ÷ baseline, None where there is nothing to compare with."""

    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None


@dataclass
class BenchResult:
    """All figures of one run, as ``stockwise bench NAME --json`` writes them."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)

    def add(self, title: str, value: float, unit: str, *, baseline: float | None = None) -> None:
        """Add a figure; rounding is for the eye, ratios are taken before it."""
        ratio = None if not baseline else round(value / baseline, 3)
        self.figures[title] = Figure(
            round(value, 3), unit, None if baseline is None else round(baseline, 3), ratio
        )
