"""Reports on the assortment: classes of variants, and what is new."""

from __future__ import annotations

from typing import Final

from core.metrics import product_reports
from core.reports.asking import Asked
from core.reports.named import DEFAULT_ROWS, NamedReport, Specs, listed
from core.reports.table import Table


def _classes(asked: Asked) -> tuple[Table, ...]:
    limit = asked.question.limit or DEFAULT_ROWS
    variants = product_reports.classified_variants(asked.snapshot, limit=limit)
    matrix = product_reports.class_matrix(asked.snapshot)
    columns: Specs = (
        ("product_name", "Product", "text"),
        ("variant_name", "Variant", "text"),
        ("sku", "SKU", "text"),
        ("abc_class", "ABC by net sales", "text"),
        ("abc_margin_class", "ABC by margin", "text"),
        ("xyz_class", "XYZ by variation", "text"),
        ("units", "Units sold", "integer"),
        ("net_sales_amount", "Net sales", "money"),
        ("margin_amount", "Gross margin", "money"),
        ("weeks_count", "Weeks looked at", "integer"),
        ("variation_ratio", "Variation", "decimal"),
        ("variant_id", "Variant id", "text"),
    )
    counts: Specs = (
        ("abc_class", "ABC", "text"),
        ("xyz_class", "XYZ", "text"),
        ("variants_count", "Variants", "integer"),
        ("units", "Units sold", "integer"),
        ("net_sales_amount", "Net sales", "money"),
        ("margin_amount", "Gross margin", "money"),
    )
    note = "Of the last 365 days; under 8 weeks of sales there is no XYZ class yet."
    return (
        listed(asked, "abc-xyz", "Variants by class", columns, variants, note=note),
        listed(asked, "class-matrix", "Classes", counts, matrix),
    )


def _class_matrix(asked: Asked) -> tuple[Table, ...]:
    return (_classes(asked)[1],)


def _new_products(asked: Asked) -> tuple[Table, ...]:
    question = asked.question
    rows = product_reports.new_products(
        asked.snapshot, question.period, filters=question.filters, limit=question.limit or DEFAULT_ROWS
    )
    columns: Specs = (
        ("product_name", "Product", "text"),
        ("sku", "SKU", "text"),
        ("category_name", "Category", "text"),
        ("introduced_date", "Introduced", "date"),
        ("units", "Units sold", "integer"),
        ("net_sales_amount", "Net sales", "money"),
        ("margin_amount", "Gross margin", "money"),
        ("product_id", "Product id", "text"),
    )
    return (listed(asked, "new-products", "New products", columns, rows),)


REPORTS: Final = (
    NamedReport(
        "abc-xyz",
        "ABC and XYZ classes",
        "Which variants bring most of the sales, and which sell steadily?",
        frozenset({"limit"}),
        _classes,
        is_of_company=True,
    ),
    NamedReport(
        "class-matrix",
        "ABC and XYZ classes, counted",
        "How many variants are in each class, and what do they bring?",
        frozenset(),
        _class_matrix,
        is_of_company=True,
    ),
    NamedReport(
        "new-products",
        "New products",
        "What came into the assortment, and how does it sell?",
        frozenset({"period", "filters", "limit"}),
        _new_products,
    ),
)
