"""Which pages exist and who has them in the menu. Hiding is no permission: API and data ask again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dashboards.session import Person

VIEWS = Path(__file__).with_name("views")
Right = Literal["sales", "stock", "plans", "anyone"]


@dataclass(frozen=True)
class PageEntry:
    """A page in the menu: its view's file, its name, its icon, and the right that shows it."""

    view: str
    title: str
    icon: str
    right: Right
    section: str = "Manage"

    @property
    def url_path(self) -> str:
        """Its address, after the host."""
        return self.view.replace("_", "-")


# In the order of the menu; the first that a person sees is where they start (`pages_of`).
PAGES = (
    PageEntry("overview", "Overview", ":material/monitoring:", "sales"),
    PageEntry("sales", "Sales", ":material/point_of_sale:", "sales"),
    PageEntry("products", "Products", ":material/category:", "sales"),
    PageEntry("customers", "Customers", ":material/group:", "sales"),
    PageEntry("inventory", "Inventory", ":material/inventory_2:", "stock"),
    PageEntry("custom_report", "Custom report", ":material/table_chart:", "sales"),
    PageEntry("restock", "Restock", ":material/local_shipping:", "plans", "Buy"),
    PageEntry("data_health", "Data health", ":material/fact_check:", "anyone", "Trust"),
)


def pages_of(person: Person) -> list[PageEntry]:
    """Return the pages that are a person's work; who does not sell starts with what to order."""
    rights = {
        "sales": person.may_see_sales,
        "stock": person.may_see_sales or person.may_see_plans,
        "plans": person.may_see_plans,
        "anyone": True,
    }
    shown = [page for page in PAGES if rights[page.right]]
    return shown if person.may_see_sales else sorted(shown, key=lambda page: page.right != "plans")
