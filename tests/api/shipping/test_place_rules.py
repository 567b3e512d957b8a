"""Rules of places, tariffs and ratings: their examples, and what holds for any input."""

import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import api.places
import api.reviews.rules
import api.shipping.rules
from api.places import Place, normal_postal_code, postal_prefixes
from api.reviews.rules import summarise
from api.shipping.rules import Band, UnsoundTariff, sound_bands

CODES = st.text("ABCXYZ0123456789", min_size=1, max_size=12)


@pytest.mark.parametrize(
    "module", [api.places, api.shipping.rules, api.reviews.rules], ids=lambda module: str(module.__name__)
)
def test_the_examples_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]

    assert result.failed == 0
    assert result.attempted > 0


@given(code=st.text(max_size=30))
def test_a_normal_code_stays_as_it_is(code: str) -> None:
    normal = normal_postal_code(code)

    assert normal_postal_code(normal) == normal
    assert normal is None or (normal.isascii() and normal.isalnum() and normal == normal.upper())


@given(code=CODES, country=st.sampled_from(["DE", "GB", "US", None]))
def test_every_prefix_begins_the_code_and_the_whole_code_is_one(code: str, country: str | None) -> None:
    prefixes = postal_prefixes(Place(country, None, code))

    assert all(code.startswith(prefix) for prefix in prefixes)
    assert prefixes == sorted(prefixes, key=len)
    assert prefixes[-1] == code


@given(
    bounds=st.lists(st.decimals(0, 1000, places=3), min_size=1, max_size=20),
    parcel=st.decimals(0, 2000, places=3),
)
def test_a_sound_tariff_has_one_band_for_every_parcel(bounds: list[Decimal], parcel: Decimal) -> None:
    bands = [Band(bound, Decimal(1)) for bound in bounds]
    try:
        sound = sound_bands(bands)
    except UnsoundTariff:
        assert Decimal(0) not in bounds or len(set(bounds)) < len(bounds)
        return
    ends = [*(band.from_bound for band in sound[1:]), Decimal("Infinity")]
    holding = [band for band, end in zip(sound, ends, strict=True) if band.from_bound <= parcel < end]

    assert len(holding) == 1


@given(stars=st.lists(st.integers(1, 5), max_size=200))
def test_a_summary_counts_every_rating_once(stars: list[int]) -> None:
    summary = summarise({number: stars.count(number) for number in set(stars)})

    assert summary.count == len(stars)
    assert sum(summary.histogram.values()) == len(stars)
    exact = Decimal(sum(stars)) / len(stars) if stars else Decimal(0)
    assert abs(summary.average - exact) <= Decimal("0.005")
