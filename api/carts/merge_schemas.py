"""What a merge of carts tells; a login tells it too."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from api.schemas import OutputModel


class MergedLineRead(OutputModel):
    """What became of a guest's line: units that are in the cart now, and units saved for later instead."""

    variant_id: UUID
    shop_id: UUID
    guest_units: int
    quantity_units: int
    saved_units: int
    reason: Literal["not_sold", "out_of_stock", "line_limit", "cart_full"] | None


class CartMergeRead(OutputModel):
    """A guest's cart that became part of the customer's."""

    cart_id: UUID
    lines: list[MergedLineRead]
    saved_item_count: int
