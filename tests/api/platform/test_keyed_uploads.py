"""An upload with a key has one effect and one answer, whatever boundaries its form was sent with."""

from typing import Any
from uuid import uuid4

import httpx

from tests.support.api_client import Api, assert_problem
from tests.support.cases.catalogue import png
from tests.support.companies import Company

MEDIA = "/api/v1/media"
IMPORT = "/api/v1/products/import"
CSV = b"sku,name,slug,price_amount\nNEW-1,New,new-1,5.00\n"


async def send(
    api: Api, company: Company, path: str, content: bytes, *, key: str, **fields: str
) -> httpx.Response:
    parts: dict[str, Any] = {"file": ("file.csv", content), **{name: (None, v) for name, v in fields.items()}}
    headers = {"Idempotency-Key": key, **api.token("company_admin", company)}
    return await api.client.post(path, files=parts, headers=headers)


async def test_an_upload_that_is_repeated_is_answered_as_before(api: Api, company: Company) -> None:
    key = str(uuid4())
    first = await send(api, company, MEDIA, png(), key=key, kind="product", alt="A thing")
    assert first.status_code == 201, first.text
    with api.database.connect("owner") as owner:
        owner.execute("update media set alt = 'changed'")
    second = await send(api, company, MEDIA, png(), key=key, kind="product", alt="A thing")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["Idempotent-Replayed"] == "true"
    other = await send(api, company, MEDIA, png(), key=key, kind="product", alt="Another thing")
    assert_problem(other, 422, "idempotency_key_reused")
    assert api.scalar("select count(*) from media") == 1
    assert_problem(
        await send(api, company, MEDIA, png(), key="no uuid", kind="product"), 400, "idempotency_key_invalid"
    )


async def test_an_import_that_is_repeated_reports_what_it_did_the_first_time(
    api: Api, company: Company
) -> None:
    key = str(uuid4())
    first = await send(api, company, IMPORT, CSV, key=key)
    assert (first.status_code, first.json()["created_rows"]) == (200, 1), first.text
    second = await send(api, company, IMPORT, CSV, key=key)
    assert (second.content, second.headers["Idempotent-Replayed"]) == (first.content, "true")
    without_that_key = await send(api, company, IMPORT, CSV, key=str(uuid4()))
    assert without_that_key.json()["unchanged_rows"] == 1
    other = await send(api, company, IMPORT, CSV.replace(b"5.00", b"6.00"), key=key)
    assert_problem(other, 422, "idempotency_key_reused")
    assert api.scalar("select price_amount::text from products where sku = 'NEW-1'") == "5.000000"
