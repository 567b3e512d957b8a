"""Which company a person acts in, and as what: decided from their memberships."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from api.identity.tokens import Grant

SUPER_ADMIN = "super_admin"
SHOP_ROLES = frozenset({"shop_manager", "shop_staff"})


@dataclass(frozen=True)
class Membership:
    """One role of a person: in a company, or (without one) on the platform."""

    company_id: UUID | None
    company_slug: str | None
    company_name: str | None
    role: str
    shop_ids: tuple[UUID, ...] = ()
    approval_limit_amount: Decimal | None = None


@dataclass(frozen=True)
class MemberCompany:
    """A company that a person belongs to, and their roles there."""

    id: UUID
    slug: str
    name: str
    roles: list[str]


@dataclass(frozen=True)
class Person:
    """Who logged in, before a company is chosen."""

    user_id: UUID
    email: str
    memberships: tuple[Membership, ...]

    @property
    def companies(self) -> list[MemberCompany]:
        """The companies that the person belongs to, by slug."""
        roles: dict[tuple[str, UUID, str], set[str]] = {}
        for held in self.memberships:
            if held.company_id is not None:
                key = (str(held.company_slug), held.company_id, str(held.company_name))
                roles.setdefault(key, set()).add(held.role)
        return [
            MemberCompany(company_id, slug, name, sorted(held))
            for (slug, company_id, name), held in sorted(roles.items())
        ]

    @property
    def is_super_admin(self) -> bool:
        """Whether the person runs the platform."""
        return any(held.company_id is None and held.role == SUPER_ADMIN for held in self.memberships)


def grant_for(
    person: Person, *, company_id: UUID | None, customer_id: UUID | None, session_id: UUID
) -> Grant:
    """Gather what a person may act as in one company; platform roles hold everywhere.

    Shop roles bind to the shops that their memberships name, all taken together; naming none means no
    shop. Of several approval limits the highest holds.
    """
    here = [held for held in person.memberships if held.company_id == company_id and company_id is not None]
    platform = [held for held in person.memberships if held.company_id is None]
    return Grant(
        user_id=person.user_id,
        email=person.email,
        roles=frozenset(held.role for held in (*here, *platform)),
        company_id=company_id,
        shop_ids=_shops(here),
        customer_id=customer_id,
        approval_limit_amount=_highest(held.approval_limit_amount for held in here),
        session_id=session_id,
    )


def _shops(memberships: Sequence[Membership]) -> frozenset[UUID] | None:
    bound = [held for held in memberships if held.role in SHOP_ROLES]
    return frozenset(shop_id for held in bound for shop_id in held.shop_ids) if bound else None


def _highest(limits: Iterable[Decimal | None]) -> Decimal | None:
    return max((limit for limit in limits if limit is not None), default=None)
