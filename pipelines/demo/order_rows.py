"""Rows of a company's orders: lines, totals, status and its history, returns, and open reservations."""

import numpy as np
import polars as pl

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.clock import RETURN_SECOND, LocalClock, milliseconds
from pipelines.demo.master_rows import MasterRows
from pipelines.demo.prices import PriceCalendar
from pipelines.imports.stable_ids import stable_ids

HISTORY_DAYS = 90
RETURN_WINDOW_DAYS = 30
_COUPON = "WELCOME10"
_COUPON_RATIO = 0.1
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
        orders = _with_status(orders, days, random)
        orders = _with_instants(orders, clock)
        ids = stable_ids(f"{plan.slug}|order", map(str, orders["order"]), milliseconds(orders["placed_at"]))
        orders = orders.with_columns(
            id=pl.Series(ids), shop_id=pl.Series(master.shop_ids).gather(orders["shop"])
        )
        self.lines = self._with_ids(_with_money(plan, assortment, prices, orders, lines))
        self.returns, self.return_lines = self._list_returns()
        last_return = self.returns.group_by(id="order_id").agg(last_returned_at=pl.col("returned_at").max())
        orders = orders.join(last_return, on="id", how="left", maintain_order="left")
        self.orders = _with_totals(plan, orders, self.lines)

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
        refund = _half_up(pl.col("gross_amount") * pl.col("returned"), pl.col("quantity_units"))
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


def _with_status(orders: pl.DataFrame, days: int, random: np.random.Generator) -> pl.DataFrame:
    """Let an order be as far as its age says; only the last two days of the online shops are still open."""
    chance = pl.Series(random.random(orders.height))
    age = days - pl.col("day")
    is_open_day = pl.col("is_online") & ~pl.col("is_cancelled") & (age == 1)
    is_newest = is_open_day & (pl.col("second") == pl.col("second").filter(is_open_day).max())
    completed_age = pl.when("is_online").then(RETURN_WINDOW_DAYS + 4).otherwise(RETURN_WINDOW_DAYS + 1)
    return orders.with_columns(
        status=pl.when("is_cancelled")
        .then(pl.lit("cancelled"))
        .when(age >= completed_age)
        .then(pl.lit("completed"))
        .when(~pl.col("is_online") | (age >= 5))
        .then(pl.lit("delivered"))
        .when((age >= 3) | (age == 2) & (chance > 0.4))
        .then(pl.lit("shipped"))
        .when(is_newest)
        .then(pl.lit("pending"))
        .when((age == 2) | (chance > 0.65))
        .then(pl.lit("processing"))
        .when(chance > 0.2)
        .then(pl.lit("confirmed"))
        .otherwise(pl.lit("pending"))
    )


def _with_instants(orders: pl.DataFrame, clock: LocalClock) -> pl.DataFrame:
    """Add when each step was taken: at once over the counter, in hours and days online."""
    orders = orders.with_columns(
        placed_at=clock.instants(orders["day"].to_numpy(), orders["second"].to_numpy())
    )
    status = pl.col("status")

    def after(moment: str, reached: list[str], online: pl.Expr) -> pl.Expr:
        wait = pl.when("is_online").then(online).otherwise(pl.duration(seconds=1))
        return pl.when(status.is_in(reached)).then(pl.col(moment) + wait)

    shipped = ["shipped", "delivered", "completed"]
    minutes_to_ship = pl.duration(minutes=60 + pl.col("order") % 75)
    steps = [
        ("confirmed_at", "placed_at", ["confirmed", "processing", *shipped], pl.duration(minutes=3)),
        ("processing_at", "confirmed_at", ["processing", *shipped], pl.duration(minutes=10)),
        ("shipped_at", "processing_at", shipped, minutes_to_ship),
        ("delivered_at", "shipped_at", ["delivered", "completed"], pl.duration(days=2)),
    ]
    for name, before, reached, online in steps:
        orders = orders.with_columns(after(before, reached, online).alias(name))
    window = pl.duration(days=RETURN_WINDOW_DAYS)
    return orders.with_columns(
        completed_at=pl.when(status == "completed").then(pl.col("delivered_at") + window),
        cancelled_at=pl.when(status == "cancelled").then(pl.col("placed_at") + pl.duration(minutes=2)),
    )


def _with_money(
    plan: CompanyPlan,
    assortment: Assortment,
    prices: PriceCalendar,
    orders: pl.DataFrame,
    lines: pl.DataFrame,
) -> pl.DataFrame:
    """Add prices and taxes to the lines, in the smallest coins, rounded half away from zero per line."""
    columns = [
        "order",
        "day",
        "shop",
        "shop_id",
        "customer",
        "is_online",
        "has_coupon",
        "status",
        "placed_at",
        "shipped_at",
    ]
    lines = lines.join(
        orders.select(*columns, order_id="id"), on="order", how="left", maintain_order="left"
    ).with_columns(line_number=pl.int_range(1, pl.len() + 1).over("order"))
    day, variant = lines["day"].to_numpy(), lines["variant"].to_numpy()
    names = [plan.products[number].name for number in assortment.product]
    lines = lines.with_columns(
        unit_price_amount=pl.Series(prices.price_minor[day, variant]),
        unit_cost_amount=pl.Series(prices.cost_minor[day, variant]),
        sku=pl.Series(assortment.skus).gather(lines["variant"]),
        product_name=pl.Series(names).gather(lines["variant"]),
        variant_name=pl.Series(assortment.option_names, dtype=pl.String).gather(lines["variant"]),
    )
    rate = round(plan.tax_rate * 10_000)
    line = pl.col("line_amount")
    taxable = line - pl.col("discount_amount")
    lines = lines.with_columns(line_amount=pl.col("unit_price_amount") * pl.col("quantity_units"))
    lines = lines.with_columns(
        discount_amount=pl.when("has_coupon")
        .then(_half_up(line * round(_COUPON_RATIO * 100), 100))
        .otherwise(0)
    )
    if plan.prices_include_tax:
        lines = lines.with_columns(gross_amount=taxable, net_amount=_half_up(taxable * 10_000, 10_000 + rate))
        lines = lines.with_columns(tax_amount=pl.col("gross_amount") - pl.col("net_amount"))
    else:
        lines = lines.with_columns(net_amount=taxable, tax_amount=_half_up(taxable * rate, 10_000))
        lines = lines.with_columns(gross_amount=pl.col("net_amount") + pl.col("tax_amount"))
    return lines


def _with_totals(plan: CompanyPlan, orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    sums = lines.group_by("order").agg(
        subtotal_amount=pl.col("line_amount").sum(),
        discount_amount=pl.col("discount_amount").sum(),
        tax_amount=pl.col("tax_amount").sum(),
        quantity_units=pl.col("quantity_units").sum(),
        returned_units=pl.sum_horizontal("restocked_units", "written_off_units").sum(),
    )
    orders = orders.join(sums, on="order", how="left", maintain_order="left")
    goods = pl.col("subtotal_amount") - pl.col("discount_amount")
    is_charged = pl.col("is_online") & (goods < round(plan.free_shipping_from * plan.minor_units))
    orders = orders.with_columns(
        shipping_amount=pl.when(is_charged).then(round(plan.online_shipping * plan.minor_units)).otherwise(0)
    )
    tax_on_top = 0 if plan.prices_include_tax else pl.col("tax_amount")
    all_back = pl.col("returned_units") == pl.col("quantity_units")
    return orders.with_columns(
        total_amount=goods + pl.col("shipping_amount") + tax_on_top,
        status=pl.when(all_back).then(pl.lit("returned")).otherwise("status"),
        returned_at=pl.when(all_back).then("last_returned_at"),
        payment_status=pl.when(pl.col("status") == "cancelled")
        .then(pl.lit("voided"))
        .when(pl.col("status") == "pending")
        .then(pl.lit("unpaid"))
        .when(all_back)
        .then(pl.lit("refunded"))
        .when(pl.col("returned_units") > 0)
        .then(pl.lit("partly_refunded"))
        .otherwise(pl.lit("paid")),
    )


def _half_up(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Divide amounts that are not negative and round half up, in whole numbers."""
    return (2 * numerator + denominator) // (2 * denominator)
