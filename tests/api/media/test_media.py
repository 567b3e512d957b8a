"""Uploads: what is taken, what is refused, and how files are served (check 42)."""

import hashlib
import io
import struct
import zlib
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.support.api_client import Api, assert_problem, open_api
from tests.support.cases.catalogue import png
from tests.support.companies import Company

MEDIA = "/api/v1/media"


async def upload(
    api: Api, company: Company, content: bytes, *, kind: str = "product", role: str = "company_admin"
) -> httpx.Response:
    parts: dict[str, Any] = {"file": ("evil.exe", content, "text/html"), "kind": (None, kind)}
    return await api.client.post(MEDIA, files=parts, headers=api.token(role, company))


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


async def test_a_file_is_what_it_is_and_is_served_for_ever(api: Api, company: Company) -> None:
    content = png()
    media = (await upload(api, company, content)).json()
    assert (media["content_type"], media["width_pixels"], media["height_pixels"]) == ("image/png", 4, 3)
    assert media["sha256"] == hashlib.sha256(content).hexdigest()
    served = await api.client.get(media["url"])
    assert served.content == content
    assert served.headers["content-type"] == "image/png"
    assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"].startswith("default-src 'none'")
    known = {"If-None-Match": served.headers["ETag"]}
    assert (await api.client.get(media["url"], headers=known)).status_code == 304
    again = (await upload(api, company, content)).json()
    assert again["id"] == media["id"]
    assert api.scalar("select count(*) from media") == 1
    wrong = media["url"].replace(media["sha256"], "0" * 64)
    assert_problem(await api.client.get(wrong), 404, "not_found")
    image = {"images": [{"url": media["url"]}]}
    headers = {"If-Match": "*", **api.token("company_admin", company)}
    used = await api.client.patch(f"/api/v1/products/{company.product_id}", json=image, headers=headers)
    assert used.status_code == 200, used.text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unsupported_image"),
        (b"<script>alert(1)</script>", "unsupported_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_image"),
        (b"GIF89a" + b"\0" * 50, "unsupported_image"),
        (png(300, 300)[:-200], "unsupported_image"),
        (b"MZ" + b"\0" * 1000, "unsupported_image"),
        (claiming(60_000, 60_000), "image_too_large"),
        (claiming(10_000, 10_000), "image_too_large"),
        (claiming(6_000, 5_000), "image_too_large"),
    ],
)
async def test_what_is_no_image_or_a_bomb_is_refused(
    api: Api, company: Company, content: bytes, code: str
) -> None:
    assert_problem(await upload(api, company, content), 422, code)
    assert api.scalar("select count(*) from media") == 0


async def test_uploads_have_limits_and_forms_are_checked(api: Api, company: Company) -> None:
    assert_problem(await upload(api, company, b"x" * 50_000_000), 413, "payload_too_large")
    assert_problem(await upload(api, company, b"x" * 10_000_001), 413, "payload_too_large")
    assert_problem(await upload(api, company, png(), kind="virus"), 422, "invalid_content")
    headers = api.token("company_admin", company)
    assert_problem(await api.client.post(MEDIA, json={}, headers=headers), 415, "unsupported_media_type")
    broken = {"Content-Type": "multipart/form-data; boundary=x", **headers}
    answer = await api.client.post(MEDIA, content=b"--y nonsense", headers=broken)
    assert answer.status_code in (400, 422), answer.text
    many = [("file", png()), ("file", png()), ("kind", b"product")]
    assert_problem(await api.client.post(MEDIA, files=many, headers=headers), 400, "malformed_request")
    assert_problem(await api.client.post(MEDIA, files={"file": png()}), 401, "unauthenticated")


async def test_customers_upload_pictures_of_reviews_without_where_they_were_taken(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    company, other = two_companies
    written = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (8, 8), "blue").save(written, "JPEG", exif=exif)
    assert b"taken at home" in written.getvalue()
    assert_problem(await upload(api, company, written.getvalue(), role="customer"), 403, "forbidden")
    media = (await upload(api, company, written.getvalue(), kind="review", role="customer")).json()
    assert b"taken at home" not in (await api.client.get(media["url"])).content
    path = f"{MEDIA}/{media['id']}"
    mine = api.token("customer", company)
    assert [one["id"] for one in (await api.client.get(MEDIA, headers=mine)).json()["items"]] == [media["id"]]
    stranger = api.token("customer", company, customer_id=other.customer_id)
    assert_problem(await api.client.get(path, headers=stranger), 404, "not_found")
    assert_problem(await api.client.get(path, headers=api.token("company_admin", other)), 404, "not_found")
    foreign = {"images": [{"url": media["url"]}]}
    headers = {"If-Match": "*", **api.token("company_admin", other)}
    answer = await api.client.patch(f"/api/v1/products/{other.product_id}", json=foreign, headers=headers)
    assert_problem(answer, 422, "unknown_reference")


async def test_a_file_is_described_by_version_and_archived(api: Api, company: Company) -> None:
    media = (await upload(api, company, png())).json()
    path, admin = f"{MEDIA}/{media['id']}", api.token("company_admin", company)
    etag = (await api.client.get(path, headers=admin)).headers["ETag"]
    headers = {"If-Match": etag, **admin}
    assert (await api.client.patch(path, json={"alt": "red"}, headers=headers)).json()["alt"] == "red"
    assert_problem(await api.client.patch(path, json={"alt": "x"}, headers=headers), 412, "stale_version")
    assert_problem(await api.client.delete(path, headers=admin), 428, "version_required")
    assert (await api.client.delete(path, headers={"If-Match": "*", **admin})).status_code == 204
    assert_problem(await api.client.get(media["url"]), 404, "not_found")
    assert api.scalar("select archived_at is not null from media") is True


async def test_an_object_store_serves_as_well_as_a_folder(api: Api, company: Company) -> None:
    """By its URL; `memory:` stands for any of fsspec's stores."""
    async with open_api(api.database, media_url="memory://files") as elsewhere:
        media = (await upload(elsewhere, company, png())).json()
        assert (await elsewhere.client.get(media["url"])).content == png()
    assert_problem(await api.client.get(media["url"]), 404, "not_found")
