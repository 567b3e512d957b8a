"""Whom an erasure is about: each domain blanks what it holds of that person (``api/<domain>/erasing.py``).

``docs/reference/personal-data.csv`` decides for every column that can hold something about a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Person:
    """A buyer of one company: a customer, a guest who left an address, or both.

    ``mailbox`` is the address in SQL's spelling (``mailbox_of``): guests are known by nothing else.
    """

    company_id: UUID
    customer_ids: Sequence[UUID]
    mailbox: str | None

    @property
    def values(self) -> dict[str, object]:
        """Parameters of an erasing statement."""
        return {
            "company_id": self.company_id,
            "customer_ids": list(self.customer_ids),
            "mailbox": self.mailbox,
        }
