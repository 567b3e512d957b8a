"""Public holidays of the countries in which companies and their shops are, for the calendar of the marts.

They come from the library `holidays`, which knows the laws of each country by year. A country is written as
people write it ("Germany", "DE", "DEU"); one that the library does not know has no holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version

import polars as pl

from core.warehouse import Warehouse
from pipelines.model_results import CompanyResults, WrittenResults, known_inputs, write_results

GROUP = ("public_holidays",)
EARLIEST_YEAR, LATEST_YEAR = 1970, 2100
_ENGLISH = "en_US"
_SCHEMA = {
    "country": pl.String(),
    "country_code": pl.String(),
    "holiday_date": pl.Date(),
    "holiday_name": pl.String(),
    "is_home": pl.Boolean(),
}
# Orders reach back for years, plans a year ahead. A company is at home where its address is, else where most
# of its shops are.
_PLACES_SQL = """
with written as (
    select id as company_id, trim(json_extract_string(address, '$.country')) as country, 1000000 as weight
    from raw.companies
    union all
    select company_id, trim(country) as country, 1 as weight from raw.shops
),
places as (
    select company_id, country, sum(weight) as weight
    from written where country <> '' group by company_id, country
),
spans as (
    select company_id, min(placed_at) as first_at from raw.orders group by company_id
)
select
    companies.id as company_id,
    list(places.country order by places.weight desc, places.country)
        filter (where places.country is not null) as countries,
    coalesce(year(min(spans.first_at)), year(feed_pull.snapshot_at)) as first_year,
    year(feed_pull.snapshot_at) + 1 as last_year
from raw.companies as companies
cross join raw.feed_pull as feed_pull
left join places on companies.id = places.company_id
left join spans on companies.id = spans.company_id
group by companies.id, feed_pull.snapshot_at
order by companies.id
"""


@dataclass(frozen=True)
class Places:
    """The countries of one company, as written and its home first, and the years to know."""

    countries: tuple[str, ...]
    first_year: int
    last_year: int

    @property
    def input_hash(self) -> str:
        """What the holidays follow from; another release of the library may know other laws."""
        return sha256(f"{self} {version('holidays')}".encode()).hexdigest()


def refresh_public_holidays(
    warehouse: Warehouse, *, run_id: str, computed_at: datetime, full: bool = False
) -> WrittenResults:
    """Write the holidays of companies whose countries or years are new; write nothing if none are."""
    places = _read_places(warehouse)
    known = {} if full else known_inputs(warehouse.settings, GROUP)
    computed = {
        company_id: CompanyResults(place.input_hash, {GROUP[0]: holidays_of(place)})
        for company_id, place in places.items()
        if known.get(company_id) != place.input_hash
    }
    kept = [company_id for company_id in places if company_id not in computed]
    if not computed and known.keys() == places.keys():
        return WrittenResults(rows=0, computed=0, kept=len(kept))
    return write_results(
        warehouse.settings, GROUP, run_id=run_id, computed_at=computed_at, computed=computed, kept=kept
    )


def holidays_of(places: Places) -> pl.DataFrame:
    """Return one row per country and holiday; two on one day share a row."""
    rows = [
        {
            "country": country,
            "country_code": code,
            "holiday_date": day,
            "holiday_name": name,
            "is_home": country == places.countries[0],
        }
        for country in places.countries
        if (code := country_code(country)) is not None
        for day, name in _holidays(code, places.first_year, places.last_year).items()
    ]
    return pl.DataFrame(rows, schema=_SCHEMA)


@cache
def country_code(country: str) -> str | None:
    """Return the ISO 3166 code of a country by its code or English name; None if it is not known.

    >>> country_code("united kingdom"), country_code("DEU"), country_code("Atlantis")
    ('GB', 'DE', None)
    """
    return _codes().get(_plain(country))


@cache
def _codes() -> Mapping[str, str]:
    from holidays.registry import COUNTRIES

    return {
        _plain(spelling): codes[1] for module, codes in COUNTRIES.items() for spelling in (module, *codes)
    }


def _plain(country: str) -> str:
    return "".join(letter for letter in country.lower() if letter.isalnum())


@cache
def _holidays(code: str, first_year: int, last_year: int) -> dict[object, str]:
    import holidays

    years = range(max(first_year, EARLIEST_YEAR), min(last_year, LATEST_YEAR) + 1)
    calendar = holidays.country_holidays(code)
    language = _ENGLISH if _ENGLISH in calendar.supported_languages else None
    return dict(holidays.country_holidays(code, years=years, language=language).items())


def _read_places(warehouse: Warehouse) -> dict[str, Places]:
    return {
        row["company_id"]: Places(tuple(row["countries"] or ()), row["first_year"], row["last_year"])
        for row in warehouse.rows(_PLACES_SQL)
    }
