"""Rows of a company's stock: restock orders with receipts, the ledger, and thresholds."""

import numpy as np
import polars as pl

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.clock import (
    MORNING_SECOND,
    NIGHT_SECOND,
    ORDERING_SECOND,
    RECEIPT_SECOND,
    SENDING_SECOND,
    LocalClock,
    milliseconds,
)
from pipelines.demo.master_rows import MasterRows
from pipelines.demo.prices import PriceCalendar
from pipelines.demo.simulate import Simulation
from pipelines.imports.stable_ids import stable_ids

_LOW_STOCK_DAYS = 7
_LOW_STOCK_LEAST_UNITS = 3
_SPEED_DAYS = 90


class StockRows:
    """Frames of the purchasing and inventory tables, worked out once from the simulation."""

    def __init__(
        self,
        plan: CompanyPlan,
        assortment: Assortment,
        prices: PriceCalendar,
        master: MasterRows,
        clock: LocalClock,
        simulation: Simulation,
        buyer_id: str,
    ) -> None:
        self._plan, self._assortment, self._prices = plan, assortment, prices
        self._master, self._clock, self._simulation, self._buyer_id = master, clock, simulation, buyer_id
        self._lines = self._restock_lines()
        self._received = self._receipt_lines()

    def purchasing_frames(self) -> list[tuple[str, pl.DataFrame]]:
        """Return restock orders, their lines, receipts and theirs, in the order of their foreign keys."""
        received = self._received
        receipts = received.group_by("receipt_id", maintain_order=True).first()
        return [
            ("restock_orders", self._restock_orders()),
            ("restock_order_lines", self._lines.drop("order", "day", "position")),
            (
                "receipts",
                receipts.select(
                    id="receipt_id",
                    restock_order_id="restock_order_id",
                    location_id="location_id",
                    received_at="received_at",
                    received_by=pl.lit(self._buyer_id),
                    created_at="received_at",
                ),
            ),
            (
                "receipt_lines",
                received.select(
                    "id",
                    "receipt_id",
                    "restock_order_line_id",
                    "variant_id",
                    "received_units",
                    "unit_cost_amount",
                    created_at="received_at",
                ),
            ),
        ]

    def thresholds(self) -> pl.DataFrame:
        """Return a stock level for every variant at every location, low below a week's sales."""
        shop_location = [
            [location.code for location in self._plan.locations].index(shop.location)
            for shop in self._plan.shops
        ]
        rows = []
        for location, location_id in enumerate(self._master.location_ids):
            shops = [shop for shop, own in enumerate(shop_location) if own == location]
            speed = self._simulation.sold[-_SPEED_DAYS:, shops].sum(axis=1).mean(axis=0)
            units = np.maximum(np.ceil(speed * _LOW_STOCK_DAYS), _LOW_STOCK_LEAST_UNITS).astype(int).tolist()
            rows += [
                (location_id, variant_id, threshold)
                for variant_id, threshold in zip(self._master.variant_ids, units, strict=True)
            ]
        schema = ["location_id", "variant_id", "low_stock_threshold_units"]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def ledger(self, order_lines: pl.DataFrame, return_lines: pl.DataFrame) -> pl.DataFrame:
        """Return every change of stock, oldest first, so that no prefix of it goes below zero."""
        sales = order_lines.filter(pl.col("shipped_at").is_not_null()).select(
            key="id",
            location_id="location_id",
            variant_id="variant_id",
            delta_units=-pl.col("quantity_units"),
            reason=pl.lit("sale"),
            reference_type=pl.lit("order"),
            reference_id="order_id",
            unit_cost_amount=pl.col("unit_cost_amount") / self._plan.minor_units,
            note=pl.lit(None, pl.String),
            occurred_at="shipped_at",
        )
        back = return_lines.filter(pl.col("disposition") == "restocked").join(
            order_lines.select("location_id", "unit_cost_amount", order_line_id="id"), on="order_line_id"
        )
        returns = back.select(
            key="id",
            location_id="location_id",
            variant_id="variant_id",
            delta_units="quantity_units",
            reason=pl.lit("return"),
            reference_type=pl.lit("order_return"),
            reference_id="order_return_id",
            unit_cost_amount=pl.col("unit_cost_amount") / self._plan.minor_units,
            note=pl.lit(None, pl.String),
            occurred_at="created_at",
        )
        receipts = self._received.select(
            key="id",
            location_id="location_id",
            variant_id="variant_id",
            delta_units="received_units",
            reason=pl.lit("receipt"),
            reference_type=pl.lit("receipt"),
            reference_id="receipt_id",
            unit_cost_amount="unit_cost_amount",
            note=pl.lit(None, pl.String),
            occurred_at="received_at",
        )
        moves = pl.concat([self._opening(), sales, returns, receipts, self._breakages()]).sort(
            "occurred_at", "key"
        )
        keys = moves.select(pl.concat_str("reason", "key")).to_series()
        ids = stable_ids(f"{self._plan.slug}|ledger", keys, milliseconds(moves["occurred_at"]))
        return moves.drop("key").with_columns(id=pl.Series(ids), created_at=pl.col("occurred_at"))

    def _cost(self, day: int, variant: int) -> float:
        return float(self._prices.cost_minor[day, variant]) / self._plan.minor_units

    def _restock_lines(self) -> pl.DataFrame:
        rows = []
        for number, order in enumerate(self._simulation.restock_orders):
            for position, (variant, units) in enumerate(zip(order.variants, order.units, strict=True)):
                received = sum(int(receipt.units[position]) for receipt in order.receipts)
                rows.append(
                    (
                        number,
                        order.sent_day,
                        position,
                        self._master.variant_ids[variant],
                        position + 1,
                        int(units),
                        received,
                        self._cost(order.sent_day, variant),
                    )
                )
        schema = [
            "order",
            "day",
            "position",
            "variant_id",
            "line_number",
            "ordered_units",
            "received_units",
            "unit_cost_amount",
        ]
        lines = pl.DataFrame(rows, schema=schema, orient="row")
        sent = self._clock.instants(lines["day"].to_numpy(), np.full(lines.height, ORDERING_SECOND))
        return lines.with_columns(
            id=pl.Series(
                self._ids(
                    "restock_line", lines.select(pl.concat_str("order", "position", separator="/")), sent
                )
            ),
            restock_order_id=pl.Series(
                self._ids("restock", lines.select(pl.col("order").cast(pl.String)), sent)
            ),
            line_amount=(pl.col("ordered_units") * pl.col("unit_cost_amount")).round(2),
            created_at=sent,
        )

    def _restock_orders(self) -> pl.DataFrame:
        lines = self._lines.group_by("order", maintain_order=True).agg(
            pl.col("restock_order_id", "day", "created_at").first(),
            total_amount=pl.col("line_amount").sum().round(2),
            ordered=pl.col("ordered_units").sum(),
            received=pl.col("received_units").sum(),
        )
        orders = self._simulation.restock_orders
        quoted = np.array([self._plan.suppliers[order.supplier].quoted_lead_time_days for order in orders])
        last_receipt = np.array(
            [max((receipt.day for receipt in order.receipts), default=0) for order in orders]
        )
        days = lines["day"].to_numpy()
        sent = self._clock.instants(days, np.full(len(days), SENDING_SECOND))
        closed = self._clock.instants(last_receipt, np.full(len(days), RECEIPT_SECOND))
        is_received = pl.col("received") == pl.col("ordered")
        return lines.select(
            id="restock_order_id",
            supplier_id=pl.Series([self._master.supplier_ids[order.supplier] for order in orders]),
            location_id=pl.Series([self._master.location_ids[order.location] for order in orders]),
            status=pl.when(is_received)
            .then(pl.lit("received"))
            .when(pl.col("received") > 0)
            .then(pl.lit("partly_received"))
            .otherwise(pl.lit("sent")),
            currency=pl.lit(self._plan.currency),
            total_amount="total_amount",
            total_company_amount="total_amount",
            expected_date=pl.Series(self._clock.dates[0] + days + quoted).cast(pl.Date),
            created_by=pl.lit(self._buyer_id),
            approved_by=pl.lit(self._buyer_id),
            approved_at="created_at",
            sent_at=sent,
            closed_at=pl.when(is_received).then(closed),
            created_at="created_at",
        )

    def _receipt_lines(self) -> pl.DataFrame:
        rows = []
        for number, order in enumerate(self._simulation.restock_orders):
            for receipt in order.receipts:
                rows += [
                    (number, position, receipt.day, self._master.location_ids[order.location], int(units))
                    for position, units in enumerate(receipt.units)
                    if units
                ]
        schema = ["order", "position", "received_day", "location_id", "received_units"]
        received = pl.DataFrame(rows, schema=schema, orient="row").join(
            self._lines.select(
                "order",
                "position",
                "variant_id",
                "restock_order_id",
                "unit_cost_amount",
                restock_order_line_id="id",
            ),
            on=["order", "position"],
            maintain_order="left",
        )
        moments = self._clock.instants(
            received["received_day"].to_numpy(), np.full(received.height, RECEIPT_SECOND)
        )
        by_day = received.select(pl.concat_str("order", "received_day", separator="/"))
        by_line = received.select(pl.concat_str("order", "received_day", "position", separator="/"))
        return received.with_columns(
            receipt_id=pl.Series(self._ids("receipt", by_day, moments)),
            id=pl.Series(self._ids("receipt_line", by_line, moments)),
            received_at=moments,
        )

    def _ids(self, kind: str, keys: pl.DataFrame, at: pl.Series) -> list[str]:
        return stable_ids(f"{self._plan.slug}|{kind}", keys.to_series(), milliseconds(at))

    def _opening(self) -> pl.DataFrame:
        location, variant = np.nonzero(self._simulation.opening)
        return self._moves(
            "opening",
            day=np.zeros(len(variant), dtype=np.int64),
            second=MORNING_SECOND,
            location=location,
            variant=variant,
            delta=self._simulation.opening[location, variant],
            note=None,
        )

    def _breakages(self) -> pl.DataFrame:
        broken = self._simulation.breakages
        return self._moves(
            "write_off",
            day=np.array([item.day for item in broken], dtype=np.int64),
            second=NIGHT_SECOND,
            location=np.array([item.location for item in broken], dtype=np.int64),
            variant=np.array([item.variant for item in broken], dtype=np.int64),
            delta=-np.array([item.units for item in broken], dtype=np.int64),
            note="Broken",
        )

    def _moves(
        self,
        reason: str,
        *,
        day: np.ndarray,
        second: int,
        location: np.ndarray,
        variant: np.ndarray,
        delta: np.ndarray,
        note: str | None,
    ) -> pl.DataFrame:
        count = len(variant)
        return pl.DataFrame(
            {
                "key": [f"{d}/{at}/{item}" for d, at, item in zip(day, location, variant, strict=True)],
                "location_id": [self._master.location_ids[at] for at in location],
                "variant_id": [self._master.variant_ids[item] for item in variant],
                "delta_units": delta,
                "reason": [reason] * count,
                "reference_type": [None] * count,
                "reference_id": [None] * count,
                "unit_cost_amount": self._prices.cost_minor[day, variant] / self._plan.minor_units,
                "note": [note] * count,
                "occurred_at": self._clock.instants(day, np.full(count, second)),
            },
            schema_overrides={
                "reference_type": pl.String,
                "reference_id": pl.String,
                "note": pl.String,
                "delta_units": pl.Int64,
            },
        )
