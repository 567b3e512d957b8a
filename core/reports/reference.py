"""The page of reference on figures and reports, written from the registry."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Final

from core.metrics import definitions
from core.metrics.registry import METRICS, Metric
from core.metrics.reports import REPORTS
from core.metrics.sources import known_dimensions

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"
_TITLES: Final = {
    "sales": "Sales",
    "customers": "Customers",
    "payments": "Payments, returns asked for, carts, views",
    "inventory": "Stock",
    "supply": "Supply",
}
_HEAD: Final = """# Figures and reports

Written from the registry (`core/metrics/definitions`) by `python -m core.reports.reference`; a test
compares. Each figure has one definition and one SQL expression, wherever it is shown: pages, API
(`GET /api/v1/analytics/metrics`), reports, command line (`stockwise report metrics`).

- Days are the company's local days; weeks begin on Monday. Money is in the company's currency.
- A ratio is computed from the sums of the period, never as a mean of ratios. Without anything to divide by
  it is empty.
- A figure that is not known by a dimension (orders by product: an order has several) is refused, not guessed.
- A product counts in the category (and with the brand and the names) that it has today, its past sales too,
  so that periods compare like with like. Where it was before is in the mart `dim_product_categories`.
- Periods are compared on the same weekdays: `previous` is as many whole weeks earlier as the period needs,
  `last_year` 52 weeks.
"""


def reference() -> str:
    """Return the page's text."""
    subjects = _subjects()
    modules: dict[str, list[Metric]] = {}
    for metric in METRICS.values():
        modules.setdefault(subjects[metric.name], []).append(metric)
    parts = [_HEAD, "## Reports\n", _reports()]
    for subject in sorted(modules):
        parts += [f"## {_TITLES.get(subject, subject.capitalize())}\n", *map(_figure, modules[subject])]
    return "\n".join(parts)


def _reports() -> str:
    lines = ["| report | answers | can be asked |", "|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.answers}{' (Whole company only.)' if one.is_of_company else ''}"
        f" | {', '.join(sorted(one.parameters)) or '–'} |"
        for one in REPORTS.values()
    ]
    return "\n".join(lines) + "\n"


def _figure(metric: Metric) -> str:
    rows = [
        ("formula", f"`{metric.formula}`"),
        ("SQL", f"`{metric.expression}`"),
        ("unit, format", f"{metric.unit}, {metric.format}"),
        ("good", metric.good_direction),
        ("grain", metric.grain),
        ("time", metric.time_column),
        ("by", ", ".join(sorted(known_dimensions(metric.name)))),
        *([("left out", metric.filters)] if metric.filters else []),
    ]
    listed = "\n".join(f"| {name} | {_cell(value)} |" for name, value in rows)
    return f"### {metric.title}\n\n`{metric.name}`: {metric.definition}\n\n| | |\n|---|---|\n{listed}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _subjects() -> dict[str, str]:
    """Name the module that defines each figure."""
    return {
        metric.name: module.name
        for module in pkgutil.iter_modules(definitions.__path__)
        for metric in importlib.import_module(f"{definitions.__name__}.{module.name}").METRICS
    }


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
