"""Random changes of a small shop's rows, as the API and people make them, written straight to the tables."""

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from core.ids import new_id
from tests.support.companies import Company
from tests.support.random_purchasing import restock_at_random
from tests.support.random_shopping import shop_at_random

LONGEST_AGO_DAYS = 70


@dataclass
class RandomHistory:
    """Changes one company's rows; what it made it remembers, so that later changes meet earlier rows."""

    owner: psycopg.Connection[tuple[Any, ...]]
    company: Company
    chance: random.Random
    shops: list[UUID] = field(default_factory=list)
    variants: list[UUID] = field(default_factory=list)
    locations: list[UUID] = field(default_factory=list)
    customers: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shops.append(self.company.shop_id)
        self.variants.append(self.company.variant_id)
        self.locations.append(self.company.location_id)
        self.customers.append(self.company.customer_id)
        self._write(
            "insert into locations (company_id, id, code, name)"
            " values (%(company)s, %(id)s, 'SECOND', 'Second')",
            id=self._new(self.locations),
        )
        self._add_variant()
        self._add_customer()

    def change(self, times: int) -> None:
        """Make so many changes, chosen at random."""
        kinds = (
            [self._place_order] * 4 + [self._cancel_order, self._cancel_units, self._return_units] * 2
            + [self._take_back_return, self._move_return, self._charge_shipping, self._hold_elsewhere,
               self._adjust_stock, self._run_dry, self._run_dry, self._transfer_stock, self._change_cost,
               self._give_coupon, self._change_price, self._rename_product, self._move_product,
               self._add_variant, self._add_shop, self._pseudonymise, self._add_customer,
               self._give_to_another, self._give_to_another]
            + [self._shop] * 6 + [self._restock] * 5
        )  # fmt: skip
        for _ in range(times):
            self.chance.choice(kinds)()

    def _place_order(self) -> None:
        """An order of one or two lines, today or long ago, held at one place, at two, or nowhere."""
        order, ago = new_id(), self._ago()
        lines = [(new_id(), self.chance.choice(self.variants), self.chance.randint(1, 5)) for _ in "12"]
        lines = lines[: self.chance.randint(1, 2)]
        subtotal = sum(units for _, _, units in lines) * 10
        self._write(
            "insert into orders (company_id, id, order_number, shop_id, customer_id, placed_by, status,"
            " currency, subtotal_amount, total_amount, placed_at) select %(company)s, %(id)s, %(number)s,"
            " %(shop)s, %(customer)s, 'customer', 'processing', currency, %(subtotal)s, %(subtotal)s,"
            " now() - %(ago)s * interval '1 minute' from companies where id = %(company)s",
            id=order,
            number=f"ORD-{order}",
            shop=self.chance.choice(self.shops),
            customer=self.chance.choice([None, *self.customers]),
            subtotal=subtotal,
            ago=ago,
        )
        for number, (line, variant, units) in enumerate(lines, start=1):
            self._write(
                "insert into order_lines (company_id, id, order_id, variant_id, line_number, sku,"
                " product_name, quantity_units, unit_price_amount, unit_cost_amount, line_amount, net_amount,"
                " tax_amount, gross_amount, fulfilled_units)"
                " values (%(company)s, %(id)s, %(order)s, %(variant)s,"
                " %(number)s, 'X', 'Thing', %(units)s, 10, %(cost)s, %(units)s * 10, %(units)s * 10, 1,"
                " %(units)s * 10 + 1, %(fulfilled)s)",
                id=line,
                order=order,
                variant=variant,
                number=number,
                units=units,
                cost=self.chance.choice([None, 6]),
                fulfilled=self.chance.randint(0, units),
            )
            for place in self.locations[: self.chance.randint(0, 2)]:
                self._write(
                    "insert into reservations (company_id, location_id, variant_id, owner_id, owner_line_id,"
                    " reserved_units, status) values (%(company)s, %(place)s, %(variant)s, %(order)s, %(id)s,"
                    " %(held)s, 'consumed')",
                    place=place,
                    variant=variant,
                    order=order,
                    id=line,
                    held=self.chance.randint(1, units),
                )
            self._move_stock(variant, -units, "sale", ago)

    def _cancel_order(self) -> None:
        self._write(
            f"update orders set status = 'cancelled', cancelled_at = now() where {self._one('orders')}"
        )

    def _cancel_units(self) -> None:
        self._write(
            "update order_lines set cancelled_units = quantity_units - fulfilled_units"
            f" where {self._one('order_lines')}"
        )

    def _return_units(self) -> None:
        """A unit comes back days after its sale, or before anybody wrote the sale down."""
        line = self._row(
            "select order_lines.id, order_lines.order_id, variant_id, shop_id from order_lines"
            " inner join orders on orders.id = order_lines.order_id"
            " where order_lines.company_id = %(company)s and returned_units < fulfilled_units"
            " order by hashtext(order_lines.id::text || %(salt)s) limit 1",
        )
        if line is None:
            return
        returned, ago = new_id(), self._ago()
        self._write(
            "update order_lines set returned_units = returned_units + 1 where id = %(line)s", line=line[0]
        )
        self._write(
            "insert into order_returns (company_id, id, order_id, shop_id, status, returned_at)"
            " values (%(company)s, %(id)s, %(order)s, %(shop)s, 'received',"
            " now() - %(ago)s * interval '1 minute')",
            id=returned,
            order=line[1],
            shop=line[3],
            ago=ago,
        )
        self._write(
            "insert into order_return_lines (company_id, order_return_id, order_line_id, variant_id,"
            " quantity_units, unit_price_amount, refund_amount)"
            " values (%(company)s, %(id)s, %(line)s, %(variant)s, 1, 10, 10)",
            id=returned,
            line=line[0],
            variant=line[2],
        )
        self._move_stock(line[2], 1, "return", ago)

    def _take_back_return(self) -> None:
        self._write(f"update order_returns set status = 'rejected' where {self._one('order_returns')}")

    def _move_return(self) -> None:
        self._write(
            "update order_returns set status = 'received',"
            " returned_at = now() - %(ago)s * interval '1 minute'"
            f" where {self._one('order_returns')}",
            ago=self._ago(),
        )

    def _charge_shipping(self) -> None:
        self._write(
            "insert into order_charges (company_id, order_id, kind, unit_amount, amount, occurred_at)"
            f" select company_id, id, 'shipping', 5, 5, placed_at from orders where {self._one('orders')}"
        )

    def _hold_elsewhere(self) -> None:
        self._write(
            "update reservations set location_id = %(place)s, reserved_units = reserved_units + 1"
            f" where {self._one('reservations')}",
            place=self.chance.choice(self.locations),
        )

    def _adjust_stock(self) -> None:
        reason = self.chance.choice(["adjustment", "receipt"])
        cost = self.chance.choice([None, self.chance.randint(1, 9)])
        units = self.chance.randint(1, 9)
        self._move_stock(self.chance.choice(self.variants), units, reason, self._ago(), cost=cost)

    def _run_dry(self) -> None:
        """All that lies at the second place is written off, now or long ago; sales leave the first alone."""
        variant = self.chance.choice(self.variants)
        level = self._row(
            "select on_hand_units from stock_levels"
            " where location_id = %(place)s and variant_id = %(variant)s",
            place=self.locations[1],
            variant=variant,
        )
        if level is not None and level[0] > 0:
            self._move_stock(variant, -level[0], "write_off", self._ago(), place=self.locations[1])

    def _transfer_stock(self) -> None:
        variant, units, ago = self.chance.choice(self.variants), self.chance.randint(1, 5), self._ago()
        self._move_stock(variant, -units, "transfer_out", ago, place=self.locations[0])
        self._move_stock(variant, units, "transfer_in", ago, place=self.locations[1])

    def _change_cost(self) -> None:
        self._write(
            f"update products set cost_amount = {self.chance.randint(1, 60)} where company_id = %(company)s"
        )

    def _give_coupon(self) -> None:
        self._write(
            "insert into coupons (company_id, code, kind, value, valid_from_date, valid_until_date)"
            " values (%(company)s, upper(%(code)s), 'percentage', 10, current_date - %(days)s, current_date)",
            code=f"C{new_id()}",
            days=self.chance.randint(0, 60),
        )

    def _change_price(self) -> None:
        self._write(
            f"update products set price_amount = {self.chance.randint(1, 90)} where company_id = %(company)s"
        )

    def _rename_product(self) -> None:
        self._write(
            "update products set name = %(name)s where company_id = %(company)s",
            name=f"Thing {self.chance.random()}",
        )

    def _move_product(self) -> None:
        """Into a new category, back into the first, or out of all."""
        known, made = self.company.category_id, new_id()
        category = self.chance.choice([made, known, None])
        if category == made:
            self._write(
                "insert into categories (company_id, id, name, slug)"
                " values (%(company)s, %(id)s, %(id)s::text, %(id)s::text)",
                id=made,
            )
        self._write(
            "update products set category_id = %(category)s where company_id = %(company)s", category=category
        )

    def _add_variant(self) -> None:
        self._write(
            "insert into variants (company_id, id, product_id, sku)"
            " values (%(company)s, %(id)s, %(product)s, %(sku)s)",
            id=self._new(self.variants),
            product=self.company.product_id,
            sku=f"SKU-{len(self.variants)}",
        )
        for place in self.locations:
            self._move_stock(self.variants[-1], 10_000, "opening", LONGEST_AGO_DAYS * 1440, place=place)

    def _add_shop(self) -> None:
        shop = self._new(self.shops)
        self._write(
            "insert into shops (company_id, id, name, slug) values (%(company)s, %(id)s, 'Shop', %(slug)s)",
            id=shop,
            slug=f"shop-{len(self.shops)}",
        )

    def _pseudonymise(self) -> None:
        self._write("update customers set pseudonymised_at = now() where company_id = %(company)s")

    def _shop(self) -> None:
        shop_at_random(self)

    def _restock(self) -> None:
        restock_at_random(self)

    def _add_customer(self) -> None:
        self._write(
            "insert into customers (company_id, id, email)"
            " values (%(company)s, %(id)s, %(id)s::text || '@example.com')",
            id=self._new(self.customers),
        )

    def _give_to_another(self) -> None:
        """An order becomes another customer's, as when two are merged, or nobody's."""
        self._write(
            f"update orders set customer_id = %(customer)s where {self._one('orders')}",
            customer=self.chance.choice([None, *self.customers]),
        )

    def _move_stock(
        self,
        variant: UUID,
        units: int,
        reason: str,
        ago: int,
        *,
        place: UUID | None = None,
        cost: int | None = None,
    ) -> None:
        self._write(
            "insert into stock_ledger"
            " (company_id, location_id, variant_id, delta_units, reason, unit_cost_amount, occurred_at)"
            " values (%(company)s, %(place)s, %(variant)s, %(units)s, %(reason)s, %(cost)s,"
            " now() - %(ago)s * interval '1 minute')",
            place=place or (self.chance.choice(self.locations) if units > 0 else self.locations[0]),
            variant=variant,
            units=units,
            reason=reason,
            cost=cost,
            ago=ago,
        )

    def _ago(self) -> int:
        """Minutes: half of what happens is new, half was written down late."""
        return self.chance.choice([1, self.chance.randint(1, LONGEST_AGO_DAYS * 1440)])

    def _one(self, table: str) -> str:
        """A condition that chooses one row of the company."""
        return (
            f"id = (select id from {table} where company_id = %(company)s"
            f" order by hashtext(id::text || %(salt)s) limit 1)"
        )

    def _new(self, known: list[UUID]) -> UUID:
        known.append(new_id())
        return known[-1]

    def _write(self, statement: str, **values: Any) -> None:
        self.owner.execute(statement, self._values(values))

    def _row(self, query: str, **values: Any) -> tuple[Any, ...] | None:
        return self.owner.execute(query, self._values(values)).fetchone()

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        return {"company": self.company.id, "salt": str(self.chance.random()), **values}
