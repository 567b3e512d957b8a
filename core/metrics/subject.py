"""What the figures of one subject have in common, and the ways in which most of them are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, Unpack

from core.metrics.metric import Format, GoodDirection, Metric, Unit
from core.metrics.rounding import amount_per

_SHOWN_AS: dict[Unit, Format] = {"money": "money", "ratio": "percent", "hours": "decimal"}


class Said(TypedDict, total=False):
    """What a figure says itself where it differs from its subject."""

    unit: Unit
    shown_as: Format
    good: GoodDirection
    filters: str
    time: str
    zero_without_rows: bool


@dataclass(frozen=True)
class Subject:
    """Figures of the rows of one source: whatever they don't say themselves is the same for all.

    A figure that is made of others has the rows and the days of its subject, and no source.
    """

    source: str
    grain: str
    time: str
    unit: Unit = "count"
    good: GoodDirection = "none"
    filters: str = ""

    def sum(self, name: str, title: str, definition: str, column: str = "", **said: Unpack[Said]) -> Metric:
        """A sum of a column, or of what is reckoned from columns; of the one that is named like it."""
        column = column or name
        return self.measure(name, title, definition, f"sum({column})", formula=f"sum of {column}", **said)

    def share(
        self, name: str, title: str, definition: str, part: str, whole: str, **said: Unpack[Said]
    ) -> Metric:
        """What one figure is of another; unknown where that is zero."""
        said = {"unit": "ratio", **said}
        expression, formula = f"{part} / nullif({whole}, 0)", f"{part} / {whole}"
        return self.measure(name, title, definition, expression, formula=formula, needs=(part, whole), **said)

    def per(
        self, name: str, title: str, definition: str, amount: str, count: str, **said: Unpack[Said]
    ) -> Metric:
        """A mean of one figure per thing of another: of money, rounded to hundredths."""
        if said.get("unit", "money") != "money":
            plain: Said = {"shown_as": "decimal", **said}
            return self.share(name, title, definition, amount, count, **plain)
        said = {"unit": "money", **said}
        expression, formula = amount_per(amount, count), f"{amount} / {count}"
        return self.measure(
            name, title, definition, expression, formula=formula, needs=(amount, count), **said
        )

    def measure(
        self,
        name: str,
        title: str,
        definition: str,
        expression: str,
        *,
        formula: str = "",
        needs: tuple[str, ...] = (),
        **said: Unpack[Said],
    ) -> Metric:
        """Any figure, by its SQL; in words too where that reads better."""
        unit = said.get("unit", self.unit)
        return Metric(
            name=name,
            title=title,
            definition=definition,
            formula=formula or expression,
            grain=self.grain,
            time_column=said.get("time", self.time),
            unit=unit,
            format=said.get("shown_as", _SHOWN_AS.get(unit, "integer")),
            good_direction=said.get("good", self.good),
            source="" if needs else self.source,
            expression=expression,
            needs=needs,
            filters=said.get("filters", self.filters),
            zero_without_rows=said.get("zero_without_rows"),
        )
