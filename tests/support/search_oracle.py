"""What a search must find and count, computed in plain Python over all rows of the catalogue."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.support.api_client import Api

STEPS = [0, 10, 25, 50, 100, 250, 500, 1000]
_STROKES = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i", "ς": "σ"})


@dataclass
class Wanted:
    """The filters of a search, as the query parameters name them."""

    q: str | None = None
    category_id: list[str] = field(default_factory=list)
    brand: list[str] = field(default_factory=list)
    tag: list[str] = field(default_factory=list)
    attribute: list[str] = field(default_factory=list)
    size: list[str] = field(default_factory=list)
    colour: list[str] = field(default_factory=list)
    availability: list[str] = field(default_factory=list)
    rating: str | None = None
    price_from: str | None = None
    price_to: str | None = None
    price_below: str | None = None
    equal: dict[str, Any] = field(default_factory=dict)
    sort: str = "newest"

    def parameters(self) -> list[tuple[str, str]]:
        """Write them for an address."""
        single = {
            "q": self.q, "rating_average[gte]": self.rating, "unit_price_amount[gte]": self.price_from,
            "unit_price_amount[lte]": self.price_to, "unit_price_amount[lt]": self.price_below,
            "sort": self.sort, **self.equal,
        }  # fmt: skip
        written = [(name, str(value)) for name, value in single.items() if value is not None]
        for name in ("category_id", "brand", "tag", "attribute", "size", "colour", "availability"):
            written += [(name, value) for value in getattr(self, name)]
        return written


@dataclass
class Offer:
    """A variant on sale."""

    price: Decimal
    units: int
    availability: str
    size: str | None
    colour: str | None


@dataclass
class Listed:
    """A product on sale, with all that is filtered and counted."""

    row: dict[str, Any]
    words: set[str]
    path: list[str]
    attributes: set[tuple[str, str]]
    offers: list[Offer]


def words_of(text: str) -> list[str]:
    """Split a text into words without capitals and accents."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if not (unicodedata.combining(character) and character < "\u0900")
    )
    folded = unicodedata.normalize("NFKC", plain).lower().translate(_STROKES)
    return "".join(character if character.isalnum() else " " for character in folded).split()


def load_catalogue(api: Api, company_id: UUID, shop_id: UUID | None) -> list[Listed]:
    """Read what the company has on sale (in a shop), from the tables that the search does not read."""
    categories = {
        row["id"]: row for row in _rows(api, "select * from categories where company_id = %s", company_id)
    }
    units = _units(api, company_id, shop_id)
    offers = defaultdict(list)
    for row in _rows(
        api,
        "select variants.*, terms.unit_price_amount from variants inner join variant_terms as terms"
        " on variants.id = terms.variant_id where variants.company_id = %s and terms.is_sellable",
        company_id,
    ):
        offers[row["product_id"]].append(row)
    listed = []
    for product in _rows(api, "select * from products where company_id = %s", company_id):
        variants = offers[product["id"]]
        if variants and (shop_id is None or product["shop_id"] in (None, shop_id)):
            listed.append(_listed(product, variants, categories, units))
    return listed


def _rows(api: Api, sql: str, *values: Any) -> list[dict[str, Any]]:
    with api.database.connect("owner") as owner:
        cursor = owner.execute(sql, values)  # type: ignore[call-overload]
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _units(api: Api, company_id: UUID, shop_id: UUID | None) -> dict[UUID, tuple[int, bool]]:
    drawn = {
        row["location_id"]
        for row in _rows(api, "select * from shop_locations where company_id = %s", company_id)
        if row["shop_id"] == shop_id
    }
    found: dict[UUID, tuple[int, bool]] = {}
    for row in _rows(
        api,
        "select stock_levels.*, kind, archived_at from stock_levels inner join locations"
        " on locations.id = location_id where stock_levels.company_id = %s",
        company_id,
    ):
        if row["kind"] == "in_transit" or row["archived_at"] is not None:
            continue
        if shop_id is not None and row["location_id"] not in drawn:
            continue
        units, is_open = found.get(row["variant_id"], (0, False))
        free = max(row["on_hand_units"] - row["reserved_units"], 0)
        found[row["variant_id"]] = (units + free, is_open or row["allow_backorder"])
    return found


def _listed(
    product: dict[str, Any],
    variants: list[dict[str, Any]],
    categories: dict[UUID, dict[str, Any]],
    units: dict[UUID, tuple[int, bool]],
) -> Listed:
    path: list[UUID] = []
    above = product["category_id"]
    while above is not None:
        path.append(above)
        above = categories[above]["parent_id"]
    options = [pair for variant in variants for pair in variant["options"].items()]
    skus = [product["sku"], *(variant["sku"] for variant in variants)]
    texts = [
        product["name"], *skus, product["brand"], product["collection"], product["subcategory"],
        *product["tags"], *(categories[one]["name"] for one in path), product["short_description"],
        product["material"], product["gender"], *product["specifications"].values(), product["description"],
        *(value for _, value in options), *(variant["name"] for variant in variants),
        *product["seo_keywords"], *("".join(filter(str.isalnum, sku)) for sku in skus),
    ]  # fmt: skip
    return Listed(
        row=product,
        words={word for text in texts if text for word in words_of(text)},
        path=[str(one) for one in path],
        attributes={(name, value) for name, value in product["specifications"].items()}
        | {(name, value) for name, value in options if name.lower() not in ("size", "colour", "color")},
        offers=[_offer(product, variant, *units.get(variant["id"], (0, False))) for variant in variants],
    )


def _offer(product: dict[str, Any], variant: dict[str, Any], units: int, is_open: bool) -> Offer:
    def option(*names: str) -> str | None:
        for pairs in (variant["options"], product["specifications"]):
            for name, value in sorted(pairs.items()):
                if name.lower() in names:
                    return str(value)
        return None

    return Offer(
        price=variant["unit_price_amount"],
        units=units,
        availability="in_stock" if units > 0 else "backorder" if is_open else "out_of_stock",
        size=option("size"),
        colour=option("colour", "color"),
    )


class Answer:
    """What is right for one search."""

    def __init__(self, catalogue: list[Listed], wanted: Wanted) -> None:
        self._catalogue = [one for one in catalogue if _has_words(one, wanted.q) and _is_equal(one, wanted)]
        self._wanted = wanted
        self._of_products: dict[str, Callable[[Listed], bool]] = {
            "category": lambda one: bool(set(one.path) & set(wanted.category_id)),
            "brand": lambda one: one.row["brand"] in wanted.brand,
            "tag": lambda one: bool(set(one.row["tags"]) & set(wanted.tag)),
            "rating": lambda one: one.row["rating_average"] >= Decimal(wanted.rating or 0),
        }
        unset = {
            "category": not wanted.category_id, "brand": not wanted.brand, "tag": not wanted.tag,
            "rating": wanted.rating is None,
        }  # fmt: skip
        for name in [name for name, is_unset in unset.items() if is_unset]:
            del self._of_products[name]
        pairs = defaultdict(set)
        for text in wanted.attribute:
            name, _, value = text.partition(":")
            pairs[name].add((name, value))
        for name, chosen in pairs.items():
            self._of_products[f"attribute {name}"] = lambda one, chosen=chosen: bool(one.attributes & chosen)

    def hits(self) -> list[tuple[Listed, list[Offer]]]:
        """Products with the variants that fit, in order."""
        found = self._fitting(None)
        key, is_falling = {
            "price": (lambda hit: (min(offer.price for offer in hit[1]),), False),
            "-price": (lambda hit: (min(offer.price for offer in hit[1]),), True),
            "popularity": (lambda hit: (hit[0].row["sold_units"], hit[0].row["view_count"]), True),
            "newest": (lambda hit: (hit[0].row["published_at"] or hit[0].row["created_at"],), True),
            "rating": (lambda hit: (hit[0].row["rating_average"], hit[0].row["rating_count"]), True),
        }[self._wanted.sort]
        return sorted(found, key=lambda hit: (*key(hit), hit[0].row["id"]), reverse=is_falling)

    def facets(self) -> dict[str, Any]:
        """All counts, each facet's own filter left out."""
        names = {name for one in self._catalogue for name, _ in one.attributes}
        return {
            "brands": _count([one.row["brand"]] for one, _ in self._fitting("brand")),
            "tags": _count(one.row["tags"] for one, _ in self._fitting("tag")),
            "categories": _count(one.path for one, _ in self._fitting("category")),
            "sizes": _count({offer.size for offer in offers} for _, offers in self._fitting("size")),
            "colours": _count({offer.colour for offer in offers} for _, offers in self._fitting("colour")),
            "availability": {"in_stock": 0, "backorder": 0, "out_of_stock": 0}
            | _count({offer.availability for offer in offers} for _, offers in self._fitting("availability")),
            "ratings": {
                stars: sum(one.row["rating_average"] >= stars for one, _ in self._fitting("rating"))
                for stars in (4, 3, 2, 1)
            },
            "prices": _count(
                {max(step for step in STEPS if step <= offer.price) for offer in offers}
                for _, offers in self._fitting("price")
            ),
            "attributes": {
                name: counted
                for name in names
                if (
                    counted := _count(
                        {value for key, value in one.attributes if key == name}
                        for one, _ in self._fitting(f"attribute {name}")
                    )
                )
            },
        }

    def _fitting(self, left_out: str | None) -> list[tuple[Listed, list[Offer]]]:
        tests = [test for name, test in self._of_products.items() if name != left_out]
        found = []
        for one in self._catalogue:
            offers = [offer for offer in one.offers if self._fits(offer, left_out)]
            if offers and all(test(one) for test in tests):
                found.append((one, offers))
        return found

    def _fits(self, offer: Offer, left_out: str | None) -> bool:
        wanted = self._wanted
        is_priced = (
            (wanted.price_from is None or offer.price >= Decimal(wanted.price_from))
            and (wanted.price_to is None or offer.price <= Decimal(wanted.price_to))
            and (wanted.price_below is None or offer.price < Decimal(wanted.price_below))
        )
        return (
            (left_out == "price" or is_priced)
            and (left_out == "size" or not wanted.size or offer.size in wanted.size)
            and (left_out == "colour" or not wanted.colour or offer.colour in wanted.colour)
            and (
                left_out == "availability"
                or not wanted.availability
                or offer.availability in wanted.availability
            )
        )


def _has_words(one: Listed, text: str | None) -> bool:
    if text is None:
        return True
    wanted = words_of(text)

    def is_there(word: str) -> bool:
        if len(word) == 1 and word.isascii():
            return word in one.words
        return any(known.startswith(word) for known in one.words)

    return all(is_there(word) for word in wanted) or (len(wanted) > 1 and is_there("".join(wanted)))


def _is_equal(one: Listed, wanted: Wanted) -> bool:
    return all(str(one.row[name]).lower() == str(value).lower() for name, value in wanted.equal.items())


def _count(values: Iterable[Iterable[Any]]) -> dict[Any, int]:
    return dict(Counter(value for one in values for value in one if value is not None))


def counts_of(facets: dict[str, Any]) -> dict[str, Any]:
    """Read an answer's facets as the oracle writes them."""
    simple = ("brands", "tags", "sizes", "colours")
    return {
        **{name: {one["value"]: one["product_count"] for one in facets[name]["values"]} for name in simple},
        "categories": {one["id"]: one["product_count"] for one in facets["categories"]["values"]},
        "availability": facets["availability"],
        "ratings": {one["rating_from"]: one["product_count"] for one in facets["ratings"]},
        "prices": {
            int(Decimal(one["from_amount"])): one["product_count"] for one in facets["prices"]["bands"]
        },
        "attributes": {
            one["name"]: {value["value"]: value["product_count"] for value in one["values"]}
            for one in facets["attributes"]["names"]
        },
    }
