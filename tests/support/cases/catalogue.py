"""Cases of the catalogue and of uploaded files."""

import io

from PIL import Image

from tests.support.operation_case import Case, Ids, Make, path_of

_IMAGE = "https://example.com/picture.jpg"


def png(width: int = 4, height: int = 3, color: str = "red") -> bytes:
    """A small picture."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), color).save(written, "PNG")
    return written.getvalue()


CASES: dict[tuple[str, str], Case] = {
    ("GET", "/api/v1/products/by-slug/{slug}"): Case(lambda ids: {"slug": ids["product_slug"]}),
    ("GET", "/api/v1/products/{product_id}/related"): Case(path_of("product_id")),
    ("GET", "/api/v1/products/{product_id}/size-chart"): Case(path_of("product_id")),
    ("DELETE", "/api/v1/products/{product_id}"): Case(path_of("product_id")),
    ("GET", "/api/v1/products/search"): Case(query=lambda ids: {"q": "thing", "sort": "price"}),
    ("GET", "/api/v1/products/export"): Case(),
    ("POST", "/api/v1/products/import"): Case(files=lambda ids: {"file": b"sku,name\r\nX,\r\n"}),
    ("GET", "/api/v1/products/{product_id}/variants/{variant_id}"): Case(path_of("product_id", "variant_id")),
    ("POST", "/api/v1/products/{product_id}/variants"): Case(
        path_of("product_id"), lambda ids: {"sku": "ANOTHER"}
    ),
    ("POST", "/api/v1/products/{product_id}/variants/generate"): Case(path_of("product_id")),
    ("PATCH", "/api/v1/products/{product_id}/variants/{variant_id}"): Case(
        path_of("product_id", "variant_id"), lambda ids: {"name": "Other"}
    ),
    ("DELETE", "/api/v1/products/{product_id}/variants/{variant_id}"): Case(
        path_of("product_id", "variant_id")
    ),
    ("GET", "/api/v1/products/{product_id}/price-schedules"): Case(path_of("product_id")),
    ("POST", "/api/v1/products/{product_id}/price-schedules"): Case(
        path_of("product_id"),
        lambda ids: {"sale_price_amount": "1.00", "starts_at": "2030-01-01T00:00:00Z"},
    ),
    ("DELETE", "/api/v1/products/{product_id}/price-schedules/{schedule_id}"): Case(
        path_of("product_id", "schedule_id")
    ),
    ("GET", "/api/v1/products/{product_id}/price-history"): Case(path_of("product_id")),
    ("GET", "/api/v1/products/{product_id}/cost-history"): Case(path_of("product_id")),
    ("GET", "/api/v1/categories"): Case(query=lambda ids: {"parent_id": ids["category_id"]}),
    ("GET", "/api/v1/categories/tree"): Case(),
    ("GET", "/api/v1/categories/by-slug/{slug}"): Case(lambda ids: {"slug": ids["category_slug"]}),
    ("GET", "/api/v1/categories/{category_id}"): Case(path_of("category_id")),
    ("GET", "/api/v1/categories/{category_id}/specifications"): Case(path_of("category_id")),
    ("POST", "/api/v1/categories"): Case(
        body=lambda ids: {"name": "Inside", "slug": ids["category_slug"], "parent_id": ids["category_id"]}
    ),
    ("PATCH", "/api/v1/categories/{category_id}"): Case(
        path_of("category_id"), lambda ids: {"name": "Other"}
    ),
    ("DELETE", "/api/v1/categories/{category_id}"): Case(path_of("category_id")),
    ("GET", "/api/v1/tags"): Case(),
    ("GET", "/api/v1/tags/{tag_id}"): Case(path_of("tag_id")),
    ("POST", "/api/v1/tags"): Case(body=lambda ids: {"name": "New tag"}),
    ("PATCH", "/api/v1/tags/{tag_id}"): Case(path_of("tag_id"), lambda ids: {"name": "Other"}),
    ("DELETE", "/api/v1/tags/{tag_id}"): Case(path_of("tag_id")),
    ("PUT", "/api/v1/tags/{tag_id}/products/{product_id}"): Case(path_of("tag_id", "product_id")),
    ("DELETE", "/api/v1/tags/{tag_id}/products/{product_id}"): Case(path_of("tag_id", "product_id")),
    ("GET", "/api/v1/size-charts"): Case(query=lambda ids: {"category_id": ids["category_id"]}),
    ("GET", "/api/v1/size-charts/{size_chart_id}"): Case(path_of("size_chart_id")),
    ("POST", "/api/v1/size-charts"): Case(
        body=lambda ids: {"name": "Sizes", "category_id": ids["category_id"]}
    ),
    ("PATCH", "/api/v1/size-charts/{size_chart_id}"): Case(
        path_of("size_chart_id"), lambda ids: {"name": "Other"}
    ),
    ("DELETE", "/api/v1/size-charts/{size_chart_id}"): Case(path_of("size_chart_id")),
    ("GET", "/api/v1/banners"): Case(query=lambda ids: {"category_id": ids["category_id"]}),
    ("GET", "/api/v1/banners/{banner_id}"): Case(path_of("banner_id")),
    ("POST", "/api/v1/banners"): Case(
        body=lambda ids: {"title": "Sale", "image_url": _IMAGE, "shop_id": ids["shop_id"]}
    ),
    ("PATCH", "/api/v1/banners/{banner_id}"): Case(path_of("banner_id"), lambda ids: {"title": "Other"}),
    ("DELETE", "/api/v1/banners/{banner_id}"): Case(path_of("banner_id")),
    ("POST", "/api/v1/media"): Case(
        files=lambda ids: {"file": png(), "kind": (None, b"review"), "alt": (None, b"red")}
    ),
    ("GET", "/api/v1/media"): Case(),
    ("GET", "/api/v1/media/{media_id}"): Case(path_of("media_id")),
    ("GET", "/api/v1/media/{media_id}/{file_name}"): Case(path_of("media_id", "file_name")),
    ("PATCH", "/api/v1/media/{media_id}"): Case(path_of("media_id"), lambda ids: {"alt": "blue"}),
    ("DELETE", "/api/v1/media/{media_id}"): Case(path_of("media_id")),
}


async def add(made: Make, ids: Ids) -> None:
    """Make one of each, with slugs that no other company has."""
    ids["category_slug"] = f"inside-{ids['slug']}"
    ids["schedule_id"] = (await made("POST", "/api/v1/products/{product_id}/price-schedules"))["id"]
    await made("POST", "/api/v1/categories")
    ids["tag_id"] = (await made("POST", "/api/v1/tags"))["id"]
    ids["size_chart_id"] = (await made("POST", "/api/v1/size-charts"))["id"]
    ids["banner_id"] = (await made("POST", "/api/v1/banners"))["id"]
    media = await made("POST", "/api/v1/media")
    ids["media_id"], ids["file_name"] = media["id"], media["url"].rpartition("/")[2]
    product = await made("POST", "/api/v1/products")
    ids["product_slug"] = product["slug"]
