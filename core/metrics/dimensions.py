"""What figures can be cut by: time buckets, and things that have an id and a name."""

from __future__ import annotations

from dataclasses import dataclass

from core.metrics.metric import Source

TIME_DIMENSIONS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True)
class Dimension:
    """A thing to cut by: ``column`` is its id in an answer, ``labels`` are what people read.

    ``lookup`` gives one row per id with the labels. A dimension ``of_variant`` is a column of
    ``srv_products``, so whatever knows the variant knows it: as it is today, for past sales too. Where a
    product was before is in the mart ``dim_product_categories``.
    """

    name: str
    title: str
    column: str
    labels: tuple[str, ...] = ()
    lookup: str = ""
    of_variant: bool = False


_KNOWN = (
    Dimension("shop", "Shop", "shop_id", ("shop_name",), "select shop_id, shop_name from srv_shops"),
    Dimension(
        "product",
        "Product",
        "product_id",
        ("product_name", "sku"),
        "select product_id, min(product_name) as product_name, min(sku) as sku"
        " from srv_products group by product_id",
        of_variant=True,
    ),
    Dimension(
        "variant",
        "Variant",
        "variant_id",
        ("sku", "product_name", "variant_name"),
        "select variant_id, sku, product_name, variant_name from srv_products",
    ),
    Dimension(
        "category",
        "Category",
        "category_id",
        ("category_name", "category_path"),
        "select category_id, category_name, category_path from srv_categories",
        of_variant=True,
    ),
    Dimension(
        "top_category",
        "Main category",
        "top_category_id",
        ("top_category_name",),
        "select category_id as top_category_id, category_name as top_category_name from srv_categories",
        of_variant=True,
    ),
    Dimension("brand", "Brand", "brand", of_variant=True),
    Dimension("abc_class", "ABC class", "abc_class", of_variant=True),
    Dimension("xyz_class", "XYZ class", "xyz_class", of_variant=True),
    Dimension(
        "location",
        "Location",
        "location_id",
        ("location_name",),
        "select location_id, location_name from srv_locations",
    ),
    Dimension(
        "supplier",
        "Supplier",
        "supplier_id",
        ("supplier_name",),
        "select supplier_id, supplier_name from srv_suppliers",
    ),
)
_BY_NAME = {dimension.name: dimension for dimension in _KNOWN}


def dimension_named(name: str) -> Dimension:
    """Return a dimension; one that is not a thing with a name (a status, a segment) is its own label."""
    return _BY_NAME.get(name) or Dimension(name, name.replace("_", " ").capitalize(), name)


def dimensions_of(source: Source) -> tuple[str, ...]:
    """Return the names of all that a source can be cut by."""
    names = [*(TIME_DIMENSIONS if source.date_column else ()), *source.dimensions]
    if "variant" in source.dimensions:
        names.extend(dimension.name for dimension in _KNOWN if dimension.of_variant)
    return tuple(dict.fromkeys(names))
