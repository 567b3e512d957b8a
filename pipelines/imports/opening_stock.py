"""Opening balances, which the files do not hold: the least that keeps stock from falling below zero."""

import polars as pl


def least_openings(new_moves: pl.DataFrame, known_moves: pl.DataFrame) -> pl.DataFrame:
    """Return by ``variant_id`` the ``units`` that must have been there before the first move.

    Both frames have ``variant_id``, ``second`` (since 1970) and ``delta_units``. Of moves in one second the
    outgoing ones come first, so that the answer holds in whatever order they are looked at. The new moves
    must also fit on top of what is there now, because they are written one after another.

    Examples
    --------
    >>> moves = pl.DataFrame({"variant_id": ["a", "a", "a"], "second": [1, 2, 2], "delta_units": [-2, 3, -4]})
    >>> least_openings(moves, moves.clear())
    shape: (1, 2)
    ┌────────────┬───────┐
    │ variant_id ┆ units │
    │ ---        ┆ ---   │
    │ str        ┆ i64   │
    ╞════════════╪═══════╡
    │ a          ┆ 6     │
    └────────────┴───────┘
    """
    touched = new_moves.select("variant_id").unique()
    known = known_moves.join(touched, on="variant_id", how="semi")
    on_hand = known.group_by("variant_id").agg(on_hand=pl.col("delta_units").sum())
    all_moves = pl.concat([known.select(new_moves.columns), new_moves])
    lowest = _lowest_balance(all_moves).join(_lowest_balance(new_moves), on="variant_id", suffix="_new")
    return (
        lowest.join(on_hand, on="variant_id", how="left")
        .select(
            "variant_id",
            units=-pl.min_horizontal(
                "lowest", pl.col("lowest_new") + pl.col("on_hand").fill_null(0), pl.lit(0, pl.Int64)
            ),
        )
        .sort("variant_id")
    )


def _lowest_balance(moves: pl.DataFrame) -> pl.DataFrame:
    return (
        moves.sort("variant_id", "second", "delta_units")
        .with_columns(balance=pl.col("delta_units").cum_sum().over("variant_id"))
        .group_by("variant_id")
        .agg(lowest=pl.col("balance").min())
    )
