"""Recommendation lists: what they hold, why, and how good they are."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.recommendations import (
    RecommendationInputError,
    RecommendationResult,
    RecommendationSettings,
    recommend,
)
from models.recommendations.backtest import backtest_recommendations
from models.recommendations.purchases import read_purchases
from models.recommendations.signals import item_trend, own_history
from models.recommendations.together import items_together
from tests.models.model_inputs import shared_file

AS_OF = date(2026, 6, 30)
COLUMNS = {
    "customer_id": pl.String,
    "basket_id": pl.String,
    "item_id": pl.String,
    "ordered_date": pl.Date,
    "kept_units": pl.Int64,
}


def make_purchases(rows: list[tuple[str | None, str, str, int, int]]) -> pl.DataFrame:
    """Rows of customer, basket, items in one string ("a b"), age in days, kept units."""
    lines = [
        (customer, basket, item, AS_OF - timedelta(days=age), units)
        for customer, basket, items, age, units in rows
        for item in items.split()
    ]
    return pl.DataFrame(lines, schema=COLUMNS, orient="row")


def make_lists(purchases: pl.DataFrame, **options: object) -> RecommendationResult:
    sellable = set(purchases["item_id"])
    return recommend(purchases, as_of=AS_OF, **{"sellable_ids": sellable, **options})  # type: ignore[arg-type]


def shelf(result: RecommendationResult, customer: str, name: str) -> list[str]:
    rows = result.lists.filter(pl.col("customer_id") == customer, pl.col("shelf") == name)
    return rows.sort("rank")["item_id"].to_list()


@pytest.fixture(scope="module")
def small_shop() -> pl.DataFrame:
    """Tea and cups are bought together; Ann has tea only; Bob sent his lamp back."""
    pairs = [(f"c{row}", f"b{row}", "tea cup", 20 + row, 1) for row in range(6)]
    others = [(f"d{row}", f"e{row}", "lamp shade", 15 + row, 1) for row in range(4)]
    return make_purchases(
        [
            *pairs,
            *others,
            ("ann", "a1", "tea", 90, 2),
            ("ann", "a2", "tea", 10, 1),
            ("bob", "b-1", "tea", 40, 1),
            ("bob", "b-2", "lamp", 30, 0),
            (None, "g1", "pen", 3, 1),
            (None, "g2", "pen", 2, 1),
        ]
    )


@pytest.fixture(scope="module")
def random_shop() -> pl.DataFrame:
    """Customers who mostly buy their favourites again, with some chance of anything."""
    generator = np.random.default_rng(2)
    rows = []
    for customer in range(260):
        favourites = generator.choice(60, 5, replace=False)
        for basket in range(int(generator.integers(2, 9))):
            age = int(generator.integers(0, 300))
            own = generator.choice(favourites, 3, replace=False)
            chosen = " ".join(f"i{item}" for item in {*own, int(generator.integers(60))})
            rows.append((f"c{customer}", f"c{customer}-{basket}", chosen, age, 1))
    return make_purchases(rows)


def test_own_items_are_offered_again_with_when_and_how_often(small_shop: pl.DataFrame) -> None:
    row = (
        make_lists(small_shop)
        .lists.filter(pl.col("customer_id") == "ann", pl.col("shelf") == "buy_again")
        .row(0, named=True)
    )
    assert (row["item_id"], row["reason_code"], row["reason_count"]) == ("tea", "BOUGHT_BEFORE", 2)
    assert row["reason_last_date"] == AS_OF - timedelta(days=10)


def test_what_goes_with_a_purchase_is_new_for_you_because_of_it(small_shop: pl.DataFrame) -> None:
    row = (
        make_lists(small_shop)
        .lists.filter(pl.col("customer_id") == "ann", pl.col("shelf") == "new_for_you", pl.col("rank") == 1)
        .row(0, named=True)
    )
    assert (row["item_id"], row["reason_code"], row["reason_item_id"]) == ("cup", "BECAUSE_BOUGHT", "tea")
    assert row["reason_count"] == 6
    assert row["reason_last_date"] == AS_OF - timedelta(days=10)


def test_returned_items_are_on_no_shelf_of_that_customer(small_shop: pl.DataFrame) -> None:
    lists = make_lists(small_shop).lists
    assert lists.filter(pl.col("customer_id") == "bob", pl.col("item_id") == "lamp").is_empty()
    assert not lists.filter(pl.col("customer_id") == "ann", pl.col("item_id") == "lamp").is_empty()


def test_what_cannot_be_sold_is_not_shown_but_still_teaches(small_shop: pl.DataFrame) -> None:
    result = make_lists(small_shop, sellable_ids={"cup", "lamp", "pen"})
    assert set(result.lists["item_id"]) <= {"cup", "lamp", "pen"}
    assert set(result.popular["item_id"]) <= {"cup", "lamp", "pen"}
    assert shelf(result, "ann", "new_for_you")[0] == "cup"
    assert set(result.together["other_item_id"]) == {"cup", "lamp"}


def test_guests_count_for_popularity_and_get_no_lists(small_shop: pl.DataFrame) -> None:
    result = make_lists(small_shop)
    assert result.lists["customer_id"].null_count() == 0
    assert result.popular.row(0, named=True) == {"item_id": "pen", "rank": 1, "score": 2.0, "buyers": 2}


def test_shelves_have_consecutive_ranks_and_no_item_twice(random_shop: pl.DataFrame) -> None:
    lists = make_lists(random_shop, depth=20).lists
    keys = ["customer_id", "shelf"]
    assert not lists.select(*keys, "item_id").is_duplicated().any()
    ranks = lists.group_by(keys).agg(
        (pl.col("rank").sort() == pl.int_range(1, pl.len() + 1)).all().alias("whole"), pl.len()
    )
    assert ranks["whole"].all()
    assert ranks["len"].max() <= 20
    assert set(lists["shelf"]) == {"buy_again", "new_for_you", "for_you", "trending"}
    complete = lists.filter(pl.col("shelf") == "for_you").group_by("customer_id").len()
    assert complete["len"].min() == 20


def test_new_for_you_holds_nothing_bought_and_buy_again_nothing_else(random_shop: pl.DataFrame) -> None:
    lists = make_lists(random_shop).lists
    bought = random_shop.select("customer_id", "item_id").unique()
    new = lists.filter(pl.col("shelf") == "new_for_you")
    again = lists.filter(pl.col("shelf") == "buy_again")
    assert new.join(bought, on=["customer_id", "item_id"], how="semi").is_empty()
    assert again.join(bought, on=["customer_id", "item_id"], how="anti").is_empty()


def test_for_you_keeps_its_positions_for_new_items(random_shop: pl.DataFrame) -> None:
    lists = make_lists(random_shop).lists.filter(pl.col("shelf") == "for_you", pl.col("rank").is_in([5, 10]))
    bought = random_shop.select("customer_id", "item_id").unique()
    assert lists.height == 2 * 260
    assert lists.join(bought, on=["customer_id", "item_id"], how="semi").is_empty()


def test_reasons_can_be_recomputed_from_the_tables(random_shop: pl.DataFrame) -> None:
    result = make_lists(random_shop)
    because = result.lists.filter(pl.col("reason_code") == "BECAUSE_BOUGHT")
    bought = random_shop.select("customer_id", pl.col("item_id").alias("reason_item_id")).unique()
    assert because.height > 100
    assert because.join(bought, on=["customer_id", "reason_item_id"], how="anti").is_empty()
    pairs = because.join(
        result.together, left_on=["reason_item_id", "item_id"], right_on=["item_id", "other_item_id"]
    )
    assert pairs.height == because.height
    assert pairs.filter(pl.col("reason_count") != pl.col("common_baskets")).is_empty()


def test_order_of_rows_changes_no_byte(random_shop: pl.DataFrame) -> None:
    first = make_lists(random_shop, depth=10)
    second = make_lists(random_shop.sample(fraction=1.0, shuffle=True, seed=4), depth=10)
    assert second.lists.write_csv() == first.lists.write_csv()
    assert second.together.write_csv() == first.together.write_csv()


def test_later_purchases_change_no_byte(random_shop: pl.DataFrame) -> None:
    later = make_purchases([("c1", "late", "i1 i2 i3", -5, 9)])
    both = pl.concat([random_shop, later])
    sellable = set(random_shop["item_id"])
    first = make_lists(random_shop, sellable_ids=sellable)
    assert make_lists(both, sellable_ids=sellable).lists.write_csv() == first.lists.write_csv()


def test_lists_beat_popularity_on_later_purchases(random_shop: pl.DataFrame) -> None:
    accuracy = make_lists(random_shop).accuracy
    ndcg = dict(accuracy.select("method", "ndcg_at_10").iter_rows())
    assert ndcg["mixed"] > 2 * ndcg["popularity"]
    assert accuracy.filter("is_baseline")["method"].sort().to_list() == ["p_topfreq", "popularity"]
    assert accuracy["split_date"].unique().to_list() == [AS_OF - timedelta(days=28)]


def test_backtest_measures_match_hand_calculation() -> None:
    # Ann alone is judged. Popularity lists a, b, c (two buyers each, then c); she then buys b and x.
    purchases = make_purchases(
        [
            ("ann", "a1", "a", 60, 1),
            ("bob", "b1", "a b", 60, 1),
            ("cid", "c1", "b c", 60, 1),
            ("ann", "a2", "b x", 5, 1),
        ]
    )
    table = backtest_recommendations(purchases, as_of=AS_OF, settings=RecommendationSettings())
    row = table.row(by_predicate=pl.col("method") == "popularity", named=True)
    assert row["n_customers"] == 1
    assert not row["is_enough"]
    assert row["recall_at_10"] == 0.5
    gain, ideal = 1 / np.log2(3), 1 + 1 / np.log2(3)
    assert row["ndcg_at_10"] == pytest.approx(gain / ideal)
    # Without the item she had, b moves up to the first place.
    assert row["new_ndcg_at_10"] == pytest.approx(1 / ideal)


def test_own_history_fades_and_is_scaled() -> None:
    known = read_purchases(make_purchases([("ann", "1", "a", 0, 1), ("ann", "2", "b", 100, 9)]), as_of=AS_OF)
    assert own_history(known, half_life_days=100.0).toarray().tolist() == [[1.0, 0.5]]


def test_trend_lifts_new_items_and_demotes_dead_ones() -> None:
    rows = [(f"c{row}", f"b{row}", "old", 200 + row, 1) for row in range(60)]
    rows += [(f"d{row}", f"e{row}", "new", row, 1) for row in range(10)]
    known = read_purchases(make_purchases(rows), as_of=AS_OF)
    trend = dict(zip(known.item_ids, item_trend(known, trend_days=28), strict=True))
    assert trend["new"] > 2
    assert trend["old"] < 0.5


def test_together_ignores_pairs_seen_too_rarely() -> None:
    rows = [("c", f"b{row}", "a b", row, 1) for row in range(2)]
    known = read_purchases(make_purchases(rows), as_of=AS_OF)
    assert len(items_together(known, RecommendationSettings()).item) == 0
    more = read_purchases(make_purchases([*rows, ("c", "b9", "a b", 9, 1)]), as_of=AS_OF)
    table = items_together(more, RecommendationSettings())
    assert table.common_baskets.tolist() == [3, 3]
    # Always together: cosine 1, times 3 / (3 + 10).
    assert table.score.tolist() == pytest.approx([3 / 13, 3 / 13])


def test_a_shop_without_purchases_has_no_lists() -> None:
    result = make_lists(make_purchases([]))
    assert result.lists.is_empty()
    assert result.popular.is_empty()
    assert result.accuracy.is_empty()


def test_malformed_input_is_refused(small_shop: pl.DataFrame) -> None:
    with pytest.raises(RecommendationInputError, match="lack the columns kept_units"):
        make_lists(small_shop.drop("kept_units"))
    with pytest.raises(RecommendationInputError, match="depth"):
        make_lists(small_shop, depth=0)
    with pytest.raises(RecommendationInputError, match="without basket or item"):
        make_lists(small_shop.with_columns(basket_id=pl.lit(None, dtype=pl.String)))


@pytest.mark.slow
def test_online_retail_lists_are_in_the_class_of_own_frequency() -> None:
    lines = pl.concat(
        [
            pl.read_parquet(shared_file(f"data/online_retail_ii/online_retail_II_{years}.parquet"))
            for years in ("2009_2010", "2010_2011")
        ]
    ).unique()
    code = pl.col("StockCode").str.to_uppercase().str.strip_chars()
    purchases = lines.filter(
        pl.col("Customer ID").is_not_null(),
        ~pl.col("Invoice").str.starts_with("C"),
        pl.col("Quantity") > 0,
        pl.col("Price") > 0,
        code.str.contains(r"^\d{5}[A-Z]*$"),
    ).select(
        customer_id=pl.col("Customer ID").cast(pl.Int64).cast(pl.String),
        basket_id=pl.col("Invoice").cast(pl.String),
        item_id=code,
        ordered_date=pl.col("InvoiceDate").dt.date(),
        kept_units=pl.col("Quantity").cast(pl.Int64),
    )
    # The test split of the methods' note: learnt before 2011-11-01, judged to 2011-12-09.
    table = backtest_recommendations(
        purchases, as_of=date(2011, 12, 9), settings=RecommendationSettings(), test_days=39
    )
    ndcg = dict(table.select("method", "ndcg_at_10").iter_rows())
    novel = dict(table.select("method", "new_ndcg_at_10").iter_rows())
    assert table["n_customers"].unique().to_list() == [1685]
    assert ndcg["for_you"] >= 0.32
    assert ndcg["mixed"] > ndcg["p_topfreq"]
    assert novel["new_for_you"] >= 0.078
