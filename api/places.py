"""Where goods go, in one spelling: what shipping zones and tax rates are compared with.

Country and region compare without case and superfluous blanks; a postal code also without the blanks,
hyphens and dots that people put inside it (``sw1a 1aa`` and ``SW1A-1AA`` are one code).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

LONGEST_POSTAL_CODE = 12
_BRITISH = frozenset({"GB", "UK", "UNITED KINGDOM", "GREAT BRITAIN"})
_INWARD_CHARACTERS = 3
_SHORTEST_BRITISH_CODE = 5


class Destination(Protocol):
    """An address, as far as shipping and taxes look at it."""

    @property
    def country(self) -> str | None: ...

    @property
    def state(self) -> str | None: ...

    @property
    def postal_code(self) -> str | None: ...


@dataclass(frozen=True)
class Place:
    """A destination in the spelling of zones and rates; None: not known."""

    country: str | None = None
    region: str | None = None
    postal_code: str | None = None


NOWHERE = Place()


def place_of(destination: Destination | None) -> Place:
    """Read the place from an address; without an address nothing is known."""
    if destination is None:
        return NOWHERE
    return Place(
        country=normal_name(destination.country),
        region=normal_name(destination.state),
        postal_code=normal_postal_code(destination.postal_code),
    )


def normal_name(name: str | None) -> str | None:
    """Spell a country or region: upper case, single blanks; nothing is None.

    Examples
    --------
    >>> normal_name("  Île  de France "), normal_name(" ")
    ('ÎLE DE FRANCE', None)
    """
    if name is None:
        return None
    return " ".join(unicodedata.normalize("NFKC", name).upper().split()) or None


def normal_postal_code(code: str | None) -> str | None:
    """Spell a postal code: upper case, letters and digits alone; nothing is None.

    Examples
    --------
    >>> normal_postal_code("sw1a 1aa"), normal_postal_code("00-950"), normal_postal_code(" - ")
    ('SW1A1AA', '00950', None)
    """
    if code is None:
        return None
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", code).upper()) or None


def postal_prefixes(place: Place) -> list[str]:
    """List the beginnings of a postal code by which a zone may name it, the shortest first.

    Every beginning is one, except in a British code: its outward part varies in length, so a prefix may not
    end inside a run of digits or letters of it. Else ``M1`` (Manchester centre) would take ``M10``, and
    ``S`` (Sheffield) would take ``SW1`` (London).

    Examples
    --------
    >>> postal_prefixes(Place("DE", None, "10115"))
    ['1', '10', '101', '1011', '10115']
    >>> postal_prefixes(Place("GB", None, "M101AA"))
    ['M', 'M10', 'M101', 'M101A', 'M101AA']
    """
    code = place.postal_code
    if code is None:
        return []
    ends = range(1, min(len(code), LONGEST_POSTAL_CODE) + 1)
    if place.country not in _BRITISH or len(code) < _SHORTEST_BRITISH_CODE:
        return [code[:end] for end in ends]
    outward = len(code) - _INWARD_CHARACTERS
    return [code[:end] for end in ends if end >= outward or code[end - 1].isdigit() != code[end].isdigit()]


def shared_characters(first: str, last: str) -> int:
    """Count how many leading characters two codes share: what a range between them fixes.

    Examples
    --------
    >>> shared_characters("10115", "10179"), shared_characters("10115", "10115")
    (3, 5)
    """
    shared = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        shared += 1
    return shared
