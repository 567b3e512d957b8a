"""What the catalogue refuses."""

from api.errors import Conflict, InvalidContent


class CategoryCircle(Conflict):
    code = "category_circle"
    title = "A category can't lie inside itself"
    detail = "The new parent is the category itself, or lies inside it."


class CategoryInUse(Conflict):
    code = "category_in_use"
    title = "The category is not empty"
    detail = "Move or archive its products and its subcategories first."


class LastVariant(Conflict):
    code = "last_variant"
    title = "A product keeps at least one variant"
    detail = "This is the product's last variant. Archive the product instead."


class SchedulesOverlap(Conflict):
    code = "schedules_overlap"
    title = "Another price is planned for that time"
    detail = "Planned prices of one product can't overlap. Cancel the other one first."


class PriceNotBelowRegular(InvalidContent):
    code = "sale_not_below_regular"
    title = "The sale price is not below the regular price"
    detail = "A sale price must be below the regular price that holds at the same time."


class UnreadableFile(InvalidContent):
    code = "unreadable_file"
    title = "The file can't be read"
    detail = "Send CSV (UTF-8, with a header) or Parquet with the columns of an export."
