"""Rows of a company's orders: lines, totals, status and its history, returns, and open reservations."""

import numpy as np
import polars as pl

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.clock import RETURN_SECOND, LocalClock, milliseconds
from pipelines.demo.master_rows import MasterRows
from pipelines.demo.order_facts import half_up, with_instants, with_money, with_status, with_totals
from pipelines.demo.prices import PriceCalendar
from pipelines.imports.stable_ids import stable_ids

HISTORY_DAYS = 90
_COUPON = "WELCOME10"
_RETURN_REASONS = ("Wrong size", "Arrived damaged", "Changed my mind", "Not as described")
_OPEN_STATUSES = ("pending", "confirmed", "processing")


class OrderRows:
    """Frames of the order tables, worked out once from the baskets.

    ``orders`` and ``lines`` keep the working columns (positions, smallest coins); `frames` gives the tables'.
    """

    def __init__(
        self,
        plan: CompanyPlan,
        assortment: Assortment,
        prices: PriceCalendar,
        master: MasterRows,
        clock: LocalClock,
        orders: pl.DataFrame,
        lines: pl.DataFrame,
        random: np.random.Generator,
    ) -> None:
        self._plan, self._assortment, self._master, self._clock = plan, assortment, master, clock
        days = len(clock.dates)
        orders = with_status(orders, days, random)
        orders = with_instants(orders, clock)
        ids = stable_ids(f"{plan.slug}|order", map(str, orders["order"]), milliseconds(orders["placed_at"]))
        orders = orders.with_columns(
            id=pl.Series(ids), shop_id=pl.Series(master.shop_ids).gather(orders["shop"])
        )
        self.lines = self._with_ids(with_money(plan, assortment, prices, orders, lines))
        self.returns, self.return_lines = self._list_returns()
        last_return = self.returns.group_by(id="order_id").agg(last_returned_at=pl.col("returned_at").max())
        orders = orders.join(last_return, on="id", how="left", maintain_order="left")
        self.orders = with_totals(plan, orders, self.lines)

    def frames(self) -> list[tuple[str, pl.DataFrame]]:
        """Return the tables' frames in the order of their foreign keys."""
        return [
            ("orders", self._order_table()),
            ("order_lines", self._line_table()),
            ("order_history", self._history_table()),
            ("order_returns", self.returns),
            ("order_return_lines", self.return_lines),
        ]

    def reservations(self) -> pl.DataFrame:
        """Return a live reservation for every line that has not been shipped yet."""
        open_lines = self.lines.filter(pl.col("status").is_in(_OPEN_STATUSES))
        return open_lines.select(
            id=self._derived_ids("reservation", open_lines),
            location_id="location_id",
            variant_id="variant_id",
            owner_type=pl.lit("order"),
            owner_id="order_id",
            owner_line_id="id",
            reserved_units="quantity_units",
            expires_at=pl.when(pl.col("status") == "pending").then(self._expiry()),
            created_at="placed_at",
        )

    def _with_ids(self, lines: pl.DataFrame) -> pl.DataFrame:
        codes = [location.code for location in self._plan.locations]
        served_from = [self._master.location_ids[codes.index(shop.location)] for shop in self._plan.shops]
        keys = lines.select(pl.concat_str("order", "line_number", separator="/")).to_series()
        return lines.with_columns(
            id=pl.Series(stable_ids(f"{self._plan.slug}|order_line", keys, milliseconds(lines["placed_at"]))),
            variant_id=pl.Series(self._master.variant_ids).gather(lines["variant"]),
            location_id=pl.Series(served_from).gather(lines["shop"]),
        )

    def _expiry(self) -> pl.Expr:
        return pl.lit(self._clock.instant(len(self._clock.dates) + 2, 0).item(), pl.Datetime("us", "UTC"))

    def _derived_ids(self, kind: str, frame: pl.DataFrame) -> pl.Series:
        return pl.Series(
            stable_ids(f"{self._plan.slug}|{kind}", frame["id"], milliseconds(frame["placed_at"])),
            dtype=pl.String,
        )

    def _money(self, name: str) -> pl.Expr:
        return (pl.col(name) / self._plan.minor_units).alias(name)

    def _order_table(self) -> pl.DataFrame:
        customer_ids = pl.Series(self._master.customer_ids)
        customers = self._master.frames()[-1][1].select(customer_id="id", email="email")
        orders = self.orders.with_columns(customer_id=customer_ids.gather(self.orders["customer"]))
        orders = orders.join(customers, on="customer_id", how="left", maintain_order="left")
        address = f'{{"country": "{self._plan.country}"}}'
        return orders.select(
            "id",
            "shop_id",
            "customer_id",
            email=pl.coalesce(
                "email", pl.concat_str(pl.lit("guest."), pl.col("order"), pl.lit("@customers.example"))
            ),
            placed_by=pl.when(~pl.col("is_online"))
            .then(pl.lit("staff"))
            .when(pl.col("customer_id").is_null())
            .then(pl.lit("guest"))
            .otherwise(pl.lit("customer")),
            status="status",
            payment_status="payment_status",
            currency=pl.lit(self._plan.currency),
            prices_include_tax=pl.lit(self._plan.prices_include_tax),
            subtotal_amount=self._money("subtotal_amount"),
            tax_amount=self._money("tax_amount"),
            shipping_amount=self._money("shipping_amount"),
            discount_amount=self._money("discount_amount"),
            total_amount=self._money("total_amount"),
            shipping_address=pl.when("is_online").then(pl.lit(address)).otherwise(pl.lit("{}")),
            coupon_code=pl.when("has_coupon").then(pl.lit(_COUPON)),
            placed_at="placed_at",
            reservation_expires_at=pl.when(pl.col("status") == "pending").then(self._expiry()),
            confirmed_at="confirmed_at",
            shipped_at="shipped_at",
            delivered_at="delivered_at",
            completed_at="completed_at",
            cancelled_at="cancelled_at",
            cancellation_reason=pl.when("is_cancelled").then(pl.lit("Placed again with another address")),
            created_at="placed_at",
        ).sort("placed_at", "id")

    def _line_table(self) -> pl.DataFrame:
        is_fulfilled = ~pl.col("status").is_in([*_OPEN_STATUSES, "cancelled"])
        quantity = pl.col("quantity_units")
        return self.lines.select(
            "id",
            "order_id",
            "variant_id",
            "line_number",
            "sku",
            "product_name",
            "variant_name",
            "quantity_units",
            self._money("unit_price_amount"),
            self._money("unit_cost_amount"),
            self._money("line_amount"),
            self._money("discount_amount"),
            pl.lit(self._plan.tax_rate).alias("tax_rate"),
            self._money("net_amount"),
            self._money("tax_amount"),
            self._money("gross_amount"),
            fulfilled_units=pl.when(is_fulfilled).then(quantity).otherwise(0),
            cancelled_units=pl.when(pl.col("status") == "cancelled").then(quantity).otherwise(0),
            returned_units=pl.col("restocked_units") + pl.col("written_off_units"),
            created_at="placed_at",
        )

    def _history_table(self) -> pl.DataFrame:
        """Write every step of the last months; of an older order only where it ended."""
        first_day = len(self._clock.dates) - HISTORY_DAYS
        recent = self.orders.filter(pl.col("day") >= first_day)
        steps: list[tuple[str | None, str, str]] = [
            (None, "pending", "placed_at"),
            ("pending", "confirmed", "confirmed_at"),
            ("confirmed", "processing", "processing_at"),
            ("processing", "shipped", "shipped_at"),
            ("shipped", "delivered", "delivered_at"),
            ("delivered", "completed", "completed_at"),
            ("pending", "cancelled", "cancelled_at"),
            ("delivered", "returned", "returned_at"),
        ]
        parts = [
            recent.filter(pl.col(moment).is_not_null()).select(
                order_id="id",
                from_status=pl.lit(before, pl.String),
                to_status=pl.lit(after),
                note=pl.lit(None, pl.String),
                occurred_at=moment,
            )
            for before, after, moment in steps
        ]
        older = self.orders.filter(pl.col("day") < first_day).select(
            order_id="id",
            from_status=pl.lit(None, pl.String),
            to_status="status",
            note=pl.lit("Single steps are not kept for orders of this age in the demo"),
            occurred_at=pl.coalesce("returned_at", "completed_at", "cancelled_at", "placed_at"),
        )
        history = pl.concat([*parts, older])
        keys = history.select(pl.concat_str("order_id", "to_status")).to_series()
        ids = stable_ids(f"{self._plan.slug}|history", keys, milliseconds(history["occurred_at"]))
        return history.with_columns(id=pl.Series(ids))

    def _list_returns(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Make one return for all that came back of an order on one day."""
        back = pl.concat(
            [
                self.lines.filter(pl.col(units) > 0).with_columns(
                    returned=pl.col(units), disposition=pl.lit(disposition)
                )
                for units, disposition in (
                    ("restocked_units", "restocked"),
                    ("written_off_units", "written_off"),
                )
            ]
        )
        moments = self._clock.instants(back["return_day"].to_numpy(), np.full(back.height, RETURN_SECOND))
        scope = f"{self._plan.slug}|return"
        refund = half_up(pl.col("gross_amount") * pl.col("returned"), pl.col("quantity_units"))
        back = back.with_columns(
            returned_at=moments,
            order_return_id=pl.Series(
                stable_ids(
                    scope,
                    back.select(pl.concat_str("order_id", "return_day")).to_series(),
                    milliseconds(moments),
                ),
                dtype=pl.String,
            ),
            refund_amount=refund,
        )
        back = back.with_columns(
            line_id=pl.Series(
                stable_ids(
                    f"{scope}_line",
                    back.select(pl.concat_str("id", "disposition")).to_series(),
                    milliseconds(moments),
                ),
                dtype=pl.String,
            )
        )
        customers = pl.Series(self._master.customer_ids)
        returns = back.group_by("order_return_id", maintain_order=True).agg(
            pl.col("order_id", "shop_id", "customer", "returned_at", "order").first(),
            refund_amount=pl.col("refund_amount").sum() / self._plan.minor_units,
        )
        reasons = pl.Series(_RETURN_REASONS)
        returns = returns.select(
            id="order_return_id",
            order_id="order_id",
            customer_id=customers.gather(returns["customer"]),
            shop_id="shop_id",
            status=pl.lit("refunded"),
            reason=reasons.gather(returns["order"] % len(reasons)),
            refund_amount="refund_amount",
            returned_at="returned_at",
            created_at="returned_at",
        )
        lines = back.select(
            id="line_id",
            order_return_id="order_return_id",
            order_line_id="id",
            variant_id="variant_id",
            quantity_units="returned",
            unit_price_amount=self._money("unit_price_amount"),
            refund_amount=self._money("refund_amount"),
            disposition="disposition",
            created_at="returned_at",
        )
        return returns, lines
