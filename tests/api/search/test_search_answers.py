"""Hits, their order and all counts equal those of plain Python over the whole catalogue."""

from random import Random
from typing import Any

from tests.support.api_client import Api
from tests.support.companies import Company
from tests.support.search_catalogue import BRANDS, COLOURS, SIZES, TAGS, Places, add_catalogue
from tests.support.search_oracle import Answer, Wanted, counts_of, load_catalogue

SEARCH = "/api/v1/products/search"
WORDS = ["hemd", "creme", "LODZ", "σοφοσ", "ел", "red", "re sh", "tshirt", "T-shirt", "x", "p-1", "P12",
         "nahw", "strasse", "ete", "kategorie no3", "grun", "soft 40", "nothing like this"]  # fmt: skip
SORTS = ["price", "-price", "popularity", "newest", "rating"]
SEARCHES = 120


def some(random: Random, values: list[Any], *, share: float = 0.25) -> list[Any]:
    known = [value for value in values if value is not None]
    return random.sample(known, random.randrange(1, 3)) if random.random() < share else []


def draw(random: Random, places: Places) -> Wanted:
    def maybe(*values: Any, share: float = 0.2) -> Any:
        return random.choice(values) if random.random() < share else None

    equal = {"material": maybe("cotton"), "gender": maybe("male"), "is_featured": maybe("true", "false")}
    price_from = maybe("10", "49.01")
    return Wanted(
        q=maybe(*WORDS, share=0.4),
        category_id=[str(one) for one in some(random, places.categories)],
        brand=some(random, BRANDS),
        tag=some(random, TAGS),
        attribute=some(
            random, ["Material:oak", "Material:steel", "Garantie:a:b", "fit:slim", "number:1", "color:red"]
        ),
        size=some(random, SIZES),
        colour=some(random, COLOURS),
        availability=some(random, ["in_stock", "backorder", "out_of_stock"]),
        rating=maybe("2.5", "4"),
        price_from=price_from,
        price_to=maybe("99", "600"),
        price_below=maybe("100", "600"),
        equal={name: value for name, value in equal.items() if value is not None},
        sort=random.choice(SORTS),
    )


async def pages(api: Api, wanted: Wanted, headers: dict[str, str], limit: int) -> tuple[Any, list[Any]]:
    """Read all pages; the counts come with the first."""
    parameters = [*wanted.parameters(), ("limit", str(limit))]
    first: Any = None
    items: list[Any] = []
    cursor = None
    while first is None or cursor is not None:
        more = [] if cursor is None else [("cursor", cursor), ("has_facets", "false")]
        response = await api.client.get(SEARCH, params=parameters + more, headers=headers)
        assert response.status_code == 200, (wanted, response.text)
        answer = response.json()
        assert (answer["facets"] is None) == (answer["product_count"] is None) == (first is not None)
        first = first or answer
        items += answer["items"]
        cursor = answer["next_cursor"]
    return first, items


async def test_hits_order_and_counts_are_those_of_plain_python(api: Api, company: Company) -> None:
    places = add_catalogue(api, company, seed=6, count=220)
    random = Random(7)
    readers = [
        (api.storefront(company), load_catalogue(api, company.id, company.shop_id)),
        (api.token("company_admin", company), load_catalogue(api, company.id, None)),
    ]
    found = 0
    for number in range(SEARCHES):
        wanted = Wanted() if number < 2 else draw(random, places)
        headers, catalogue = readers[number % 2]
        answer = Answer(catalogue, wanted)
        hits = answer.hits()
        first, items = await pages(api, wanted, headers, random.choice([7, 7, 40, 100]))
        assert [item["id"] for item in items] == [str(one.row["id"]) for one, _ in hits], wanted
        assert first["product_count"] == len(hits)
        for item, (one, offers) in zip(items, hits, strict=True):
            prices = [offer.price for offer in offers]
            best = min(
                (offer.availability for offer in offers), key=["in_stock", "backorder", "out_of_stock"].index
            )
            assert item["name"] == one.row["name"]
            assert (item["lowest_price_amount"], item["highest_price_amount"]) == (
                str(min(prices)),
                str(max(prices)),
            )
            assert (item["availability"], item["available_units"]) == (best, sum(o.units for o in offers))
        assert counts_of(first["facets"]) == answer.facets(), wanted
        found += len(hits)
    assert found > 1_000
