"""Opening balances: with them stock ends as it was counted, and was never below zero on the way."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from core.time import day_bounds, local_date, time_zone
from pipelines.imports.opening_stock import least_openings
from pipelines.imports.shop.identities import Identities
from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.lasting_ids import lasting_ids, look_up
from pipelines.imports.shop.raw_tables import LINE
from pipelines.imports.shop.typed_tables import FILE

PLACE = "variant_id"
"""In this module: location and variant together, under the name that `least_openings` knows."""
_ID_DIGITS = 32
_MOVE_COLUMNS = (PLACE, "second", "delta_units")


@dataclass(frozen=True)
class Balance:
    """Ledger rows that make the balance: openings, and differences that no opening explains."""

    rows: pl.DataFrame
    assumed_opening_units: int
    counted_opening_units: int
    difference_units: int


def place_moves(moves: pl.DataFrame) -> pl.DataFrame:
    """Return ledger rows as moves of a place."""
    return moves.select(
        pl.concat_str("location_id", "variant_id").alias(PLACE),
        second=pl.col("occurred_at").dt.epoch("s"),
        delta_units=pl.col("delta_units").cast(pl.Int64),
    )


def place_counts(stock: pl.DataFrame, ids: Identities, last_at: datetime | None) -> pl.DataFrame:
    """Return the stock rows with their place and second; undated ones are as of the files' last move."""
    joined = look_up(stock, ids.variants, "sku", "variant_id")
    joined = look_up(joined, ids.locations, "location", "location_id")
    last = pl.lit(last_at, pl.Datetime("us", "UTC"))
    return joined.select(
        FILE, LINE, "location_id", "on_hand_units", "low_stock_threshold_units",
        pl.concat_str("location_id", "variant_id").alias(PLACE),
        second=pl.coalesce("counted_at", last).dt.epoch("s"),
    )  # fmt: skip


def judge_counts(counts: pl.DataFrame, new: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Say of each stock row whether it is older than what is there (``is_known``), or why it can't be.

    A count holds if nothing at its place is newer than it in the ledger. What left the place later in
    the files must have been there when it was counted (``reason``).
    """
    newest = known.group_by(PLACE).agg(newest=pl.col("second").max(), held=pl.col("delta_units").sum())
    later = (
        new.join(counts.select(PLACE, counted="second"), on=PLACE)
        .filter(pl.col("second") > pl.col("counted"))
        .sort(PLACE, "second", "delta_units")
        .with_columns(balance=pl.col("delta_units").cum_sum().over(PLACE))
        .group_by(PLACE)
        .agg(lowest=pl.col("balance").min())
    )
    is_there = pl.col("newest").is_not_null()
    is_moved = pl.col(PLACE).is_in(new[PLACE].unique().implode())
    return counts.join(newest, on=PLACE, how="left", maintain_order="left").join(
        later, on=PLACE, how="left", maintain_order="left"
    ).select(
        FILE, LINE,
        is_known=is_there
        & (
            (pl.col("second") <= pl.col("newest")).fill_null(True)
            | ((pl.col("held") == pl.col("on_hand_units")) & ~is_moved)
        ),
        reason=pl.when(pl.col("on_hand_units") + pl.col("lowest") < 0).then(
            pl.lit("more left after it was counted than was there")
        ),
    )  # fmt: skip


def balance_stock(
    counts: pl.DataFrame,
    new: pl.DataFrame,
    promised: pl.DataFrame,
    known: pl.DataFrame,
    company: ShopCompany,
    *,
    now: datetime,
) -> Balance:
    """Return the openings and differences of all places that the files touch.

    Where a place was counted, its opening is what makes the moves end there; if stock had then been
    below zero on the way, the opening is the least that was not, and the rest is a difference when it was
    counted. Elsewhere it is the least, with what open orders promise (``promised``: place, units), assumed.
    """
    places = pl.concat([new[PLACE], counts[PLACE], promised[PLACE]]).unique().sort().to_frame()
    counted = counts.select(PLACE, "on_hand_units", counted_second="second")
    upto = new.join(counted, on=PLACE, how="left").filter(
        pl.col("counted_second").is_null() | (pl.col("second") <= pl.col("counted_second"))
    )
    least = least_openings(upto.select(_MOVE_COLUMNS), known.select(_MOVE_COLUMNS))
    moved = upto.group_by(PLACE).agg(moved=pl.col("delta_units").sum())
    held = known.group_by(PLACE).agg(held=pl.col("delta_units").sum(), known_rows=pl.len())
    frame = places
    for other in (counted, least.rename({"units": "least"}), moved, held, promised):
        frame = frame.join(other, on=PLACE, how="left", maintain_order="left")
    frame = frame.with_columns(
        pl.col("least", "moved", "held", "promised_units", "known_rows").fill_null(0),
        is_counted=pl.col("on_hand_units").is_not_null(),
    )
    is_first = pl.col("known_rows") == 0
    explained = pl.when(is_first).then(pl.col("on_hand_units") - pl.col("moved")).otherwise(0)
    free = (pl.col("held") + pl.col("moved") + pl.col("least")).clip(lower_bound=0)
    uncovered = pl.when(is_first).then((pl.col("promised_units") - free).clip(lower_bound=0)).otherwise(0)
    opening = (
        pl.when("is_counted")
        .then(pl.max_horizontal("least", explained))
        .otherwise(pl.col("least") + uncovered)
    )
    frame = frame.with_columns(opening=opening).with_columns(
        difference=pl.when("is_counted").then(
            pl.col("on_hand_units") - pl.col("held") - pl.col("moved") - pl.col("opening")
        ).otherwise(0)
    )  # fmt: skip
    openings = frame.filter(pl.col("opening") > 0)
    differences = frame.filter(pl.col("difference") != 0)
    rows = pl.concat(
        [
            _openings(openings, _first_midnight(new, counts, known, company, now=now), company),
            _differences(differences, company, now=now),
        ]
    )
    is_counted = openings["is_counted"]
    return Balance(
        rows,
        assumed_opening_units=int(openings.filter(~is_counted)["opening"].sum()),
        counted_opening_units=int(openings.filter(is_counted)["opening"].sum()),
        difference_units=int(differences["difference"].sum()),
    )


def _openings(openings: pl.DataFrame, at: datetime, company: ShopCompany) -> pl.DataFrame:
    keys = openings.select(pl.concat_str(PLACE, "known_rows", separator="/")).to_series()
    return openings.select(
        location_id=pl.col(PLACE).str.head(_ID_DIGITS),
        variant_id=pl.col(PLACE).str.tail(_ID_DIGITS),
        id=lasting_ids(company, "opening", keys),
        delta_units="opening",
        reason=pl.lit("opening"),
        reference_type=pl.lit(None, pl.String),
        reference_id=pl.lit(None, pl.String),
        unit_cost_amount=pl.lit(None, pl.String),
        note=pl.when("is_counted")
        .then(pl.lit("From the stock file, less what moved since"))
        .otherwise(pl.lit("Assumed: the least with which stock never fell below zero")),
        is_assumed=~pl.col("is_counted"),
        occurred_at=pl.lit(at, pl.Datetime("us", "UTC")),
    )


def _differences(differences: pl.DataFrame, company: ShopCompany, *, now: datetime) -> pl.DataFrame:
    keys = differences.select(pl.concat_str(PLACE, "known_rows", separator="/")).to_series()
    # What is missing goes a second later: within a second, what left counts before what came.
    second = pl.col("counted_second") + (pl.col("difference") < 0).cast(pl.Int64)
    moment = pl.from_epoch(second).dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    return differences.select(
        location_id=pl.col(PLACE).str.head(_ID_DIGITS),
        variant_id=pl.col(PLACE).str.tail(_ID_DIGITS),
        id=lasting_ids(company, "difference", keys),
        delta_units="difference",
        reason=pl.lit("adjustment"),
        reference_type=pl.lit("import"),
        reference_id=pl.lit(None, pl.String),
        unit_cost_amount=pl.lit(None, pl.String),
        note=pl.lit("Difference to the stock file"),
        is_assumed=pl.lit(True),
        occurred_at=moment.fill_null(pl.lit(now, pl.Datetime("us", "UTC"))),
    )


def _first_midnight(
    new: pl.DataFrame, counts: pl.DataFrame, known: pl.DataFrame, company: ShopCompany, *, now: datetime
) -> datetime:
    """Return when the company's first day with a move begins, or the day before if a move is as early."""
    zone = time_zone(company.timezone)
    seconds = pl.concat([new["second"], counts["second"], known["second"]]).drop_nulls().sort()
    first = datetime.fromtimestamp(seconds[0], tz=UTC) if len(seconds) else now
    midnight = day_bounds(local_date(first, zone), zone).start
    if midnight < first:
        return midnight
    return day_bounds(local_date(midnight - timedelta(hours=1), zone), zone).start
