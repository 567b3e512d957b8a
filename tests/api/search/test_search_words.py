"""Words: what is found by them, whatever its accents, and in which order."""

import asyncio
from typing import Any

from tests.support.api_client import Api
from tests.support.companies import Company

SEARCH = "/api/v1/products/search"


def add_product(api: Api, company: Company, name: str, **columns: Any) -> None:
    """Write a published product with one variant."""
    sku = columns.pop("sku", f"N{api.scalar('select count(*) from products')}")
    row = {
        "company_id": company.id, "sku": sku, "slug": f"slug-{sku}".lower(), "name": name, "price_amount": 10,
        "status": "published", **columns,
    }  # fmt: skip
    with api.database.connect("owner") as owner:
        places = ", ".join(["%s"] * len(row))
        [product_id] = owner.execute(
            f"insert into products ({', '.join(row)}) values ({places}) returning id",  # type: ignore[arg-type]
            list(row.values()),
        ).fetchone() or [None]
        owner.execute(
            "insert into variants (company_id, product_id, sku) values (%s, %s, %s)",
            [company.id, product_id, sku],
        )


async def find(api: Api, headers: dict[str, str], words: str, **more: Any) -> list[str]:
    """Return the names of what is found, in order."""
    answer = await api.client.get(SEARCH, params={"q": words, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


FOLDED = {
    "Café crème": ["cafe creme", "CAFÉ", "crème cafe", "caf"],
    "Straße": ["strasse", "STRASSE", "straße", "stra"],
    "İstanbul Işık": ["istanbul isik", "ISTANBUL", "ışık"],
    "Øresund Æble Łódź Ðorđe": ["oresund", "aeble", "lodz", "dorde", "ØRESUND"],
    "Σοφός": ["σοφοσ", "ΣΟΦΌΣ", "σοφος"],
    "Ёлка чай": ["елка", "ЁЛКА", "чаи"],
    "שָׁלוֹם": ["שלום"],
    "مُحَمَّد": ["محمد"],
    "ﬁne x² Ｂｉｇ": ["fine", "x2", "big"],
    "が 한국": ["が", "한국"],
    "Wi-Fi 6E/AX": ["wi-fi", "wi fi 6e", "ax", "6e/ax"],
    "HiFi": ["hi-fi", "hi fi", "HIFI"],
}
NOT_FOUND = ["か", "afe", "strase", "sofos", "dorde cafe", "wif-i x"]


async def test_words_are_found_whatever_their_accents_capitals_and_signs(api: Api, company: Company) -> None:
    for name in FOLDED:
        add_product(api, company, name)
    headers = api.storefront(company)
    for name, all_words in FOLDED.items():
        for words in all_words:
            assert await find(api, headers, words) == [name], words
    for words in NOT_FOUND:
        assert await find(api, headers, words) == [], words


async def test_hits_come_by_where_and_how_wholly_the_words_stand(api: Api, company: Company) -> None:
    add_product(api, company, "Plain", description="good with a lamp")
    add_product(api, company, "Lampshade")
    add_product(api, company, "Tagged", tags='["lamp"]')
    add_product(api, company, "Summary", short_description="a lamp")
    add_product(api, company, "Lamp")
    add_product(api, company, "Lampe", description="lamp")
    headers = api.token("customer", company)
    in_order = ["Lamp", "Lampe", "Lampshade", "Tagged", "Summary", "Plain"]
    assert await find(api, headers, "lamp") == in_order
    pages: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        answer = await api.client.get(SEARCH, params={"q": "lamp", "limit": "2"} | cursor, headers=headers)
        pages += [item["name"] for item in answer.json()["items"]]
        cursor = {"cursor": answer.json()["next_cursor"]}
    assert pages == in_order
    assert cursor == {"cursor": None}


async def test_an_article_number_finds_its_product_first(api: Api, company: Company) -> None:
    for sku in ("AB-12", "AB-123", "AB-1"):
        add_product(api, company, f"Thing {sku}", sku=sku)
    headers = api.storefront(company)
    for words in ("AB-12", "ab12", "ab 12"):
        assert await find(api, headers, words) == ["Thing AB-12", "Thing AB-123"], words
    assert (await find(api, headers, "AB-1"))[0] == "Thing AB-1"
    # A single letter or digit is a whole word.
    assert await find(api, headers, "b") == []


async def test_a_product_is_found_by_all_that_describes_it(api: Api, company: Company) -> None:
    add_product(
        api, company, "Pan", brand="Nähwerk", collection="Winter", subcategory="Cast", material="iron",
        barcode="4006381333931", specifications='{"Origin": "Thiers"}', seo_keywords='["skillet"]',
        category_id=company.category_id, tags='["New in"]', description="Seasoned.", gender="unisex",
    )  # fmt: skip
    with api.database.connect("owner") as owner:
        owner.execute(
            "update variants set name = 'Deep', options = '{\"Handle\": \"beech\"}' where sku <> 'SKU-1'"
        )
    headers = api.storefront(company)
    for words in (
        "pan", "nahwerk", "winter", "cast", "iron", "4006381333931", "thiers", "skillet", "goods pan",
        "new in", "seasoned", "unisex", "deep", "beech", "wint iro pa",
    ):  # fmt: skip
        assert await find(api, headers, words) == ["Pan"], words


async def test_words_follow_every_change_of_what_they_are_made_of(api: Api, company: Company) -> None:
    headers = api.storefront(company)
    changes = [
        ("update products set name = 'Teapot'", "teapot"),
        ("update variants set sku = 'NEW-77'", "new77"),
        ("update categories set name = 'Kitchen'", "kitchen"),
        (
            "insert into categories (company_id, name, slug) select id, 'House', 'house' from companies;"
            " update categories set parent_id = (select id from categories where name = 'House')"
            " where name = 'Kitchen'",
            "house kitchen",
        ),
        ("update categories set name = 'Home' where name = 'House'", "home kitchen"),
        ("update products set tags = '[\"blue\"]'", "blue"),
    ]
    for change, words in changes:
        assert await find(api, headers, words) == [], words
        with api.database.connect("owner") as owner:
            owner.execute(change)  # type: ignore[call-overload]
        assert len(await find(api, headers, words)) == 1, words
    assert await find(api, headers, "house") == []
    assert await find(api, headers, "thing") == []
    for state in (
        "update products set status = 'draft'", "update products set status = 'published', is_active = false",
        "update products set is_active = true; update variants set is_active = false",
    ):  # fmt: skip
        with api.database.connect("owner") as owner:
            owner.execute(state)  # type: ignore[call-overload]
        assert await find(api, headers, "teapot") == [], state
    with api.database.connect("owner") as owner:
        owner.execute("update variants set is_active = true")
    assert await find(api, headers, "teapot") == ["Teapot"]


async def test_two_variants_added_at_once_are_both_found(api: Api, company: Company) -> None:
    statement = (
        "insert into variants (company_id, product_id, sku, options)"
        " values (%s, %s, %s, jsonb_build_object('n', %s::text))"
    )
    first, second = ((company.id, company.product_id, sku, sku) for sku in ("QUICK-1", "SLOW-2"))
    with api.database.connect("owner") as one, api.database.connect("owner") as two:
        one.execute("begin")
        one.execute(statement, first)
        waiting = asyncio.create_task(asyncio.to_thread(two.execute, statement, second))
        await asyncio.sleep(0.5)
        one.execute("commit")
        await waiting
    headers = api.storefront(company)
    assert await find(api, headers, "quick slow") == ["Thing"]
    facets = (await api.client.get(SEARCH, headers=headers)).json()["facets"]
    assert [one["value"] for one in facets["attributes"]["names"][0]["values"]] == ["QUICK-1", "SLOW-2"]
