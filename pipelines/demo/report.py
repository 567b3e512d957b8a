"""What `generate` tells its caller: the companies, how to log in, and what there is to see."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class DemoLogin:
    """A person of the demo. The password is public: it is refused in production."""

    email: str
    password: str
    role: str
    company_slug: str | None


@dataclass(frozen=True)
class DemoShop:
    """A shop and the publishable key of its storefront."""

    shop_id: str
    name: str
    slug: str
    is_online: bool
    storefront_key: str


@dataclass(frozen=True)
class DemoCompany:
    """A demo company and what was made for it."""

    company_id: str
    slug: str
    name: str
    currency: str
    timezone: str
    shops: tuple[DemoShop, ...]
    in_stock_sku: str
    orders_count: int
    order_lines_count: int
    first_date: date
    last_date: date


@dataclass(frozen=True)
class StoryFact:
    """Something the data tells. ``kind`` is season, promotion, stock_out, late_supplier, dead_item,
    new_item or returned_order; ``subject`` is the SKU or document number to look for."""

    kind: str
    company_slug: str
    subject: str
    name: str
    sentence: str
    figures: dict[str, str]


@dataclass(frozen=True)
class DemoReport:
    """The demo as it is in the database."""

    was_there: bool
    companies: tuple[DemoCompany, ...]
    logins: tuple[DemoLogin, ...]
    story: tuple[StoryFact, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, dates as text."""
        plain = asdict(self)
        for company in plain["companies"]:
            company["first_date"] = company["first_date"].isoformat()
            company["last_date"] = company["last_date"].isoformat()
        return plain

    def fact(self, kind: str) -> StoryFact:
        """Return the first fact of a kind."""
        return next(fact for fact in self.story if fact.kind == kind)

    @property
    def things_to_try(self) -> tuple[str, ...]:
        """Three things that show what the product does, each with a name to look for."""
        late, out, dead = self.fact("late_supplier"), self.fact("stock_out"), self.fact("dead_item")
        buyer = next(
            login.email
            for login in self.logins
            if login.role == "buyer" and login.company_slug == out.company_slug
        )
        return (
            f"As {buyer}, open Restock and approve the first line: it becomes a restock order.",
            f"Look for {out.subject}: {out.sentence} {late.sentence}",
            f"Look for {dead.subject} among the worst sellers: {dead.sentence}",
        )
