"""Recommendations of a published snapshot, each with its reason.

What is shown must be for sale and in stock now: the reader filters these lists by live stock, so they are
deeper than what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.metrics.queryable import Queryable

SHELVES = ("for_you", "buy_again", "new_for_you", "trending")
DEPTH = 50


def for_customer(snapshot: Queryable, customer_id: str, shelf: str) -> list[dict[str, Any]]:
    """Return a customer's shelf, best first; empty for one without orders."""
    return snapshot.rows(
        """
        select item_id as product_id, product_name, score, reason_code,
            reason_item_id as reason_product_id, reason_product_name, reason_count, reason_last_date
        from srv_recommendations where customer_id = ? and shelf = ? order by rank limit ?
        """,
        [customer_id, shelf, DEPTH],
    )


def bought_together(snapshot: Queryable, product_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what is bought with these products, the scores of several added up, without themselves."""
    return snapshot.rows(
        """
        with pairs as (
            select * from srv_recommendations_together where list_contains(?::varchar[], item_id)
        ),
        scored as (
            select
                other_item_id as product_id,
                any_value(other_product_name) as product_name,
                sum(score) as score,
                arg_max(item_id, score) as reason_product_id,
                arg_max(common_baskets, score) as reason_count
            from pairs where not list_contains(?::varchar[], other_item_id) group by other_item_id
        ),
        names as (
            select product_id, any_value(product_name) as product_name from srv_products group by product_id
        )
        select
            scored.product_id, scored.product_name, scored.score, 'BOUGHT_TOGETHER' as reason_code,
            scored.reason_product_id, names.product_name as reason_product_name, scored.reason_count,
            null::date as reason_last_date
        from scored left join names on scored.reason_product_id = names.product_id
        order by scored.score desc, scored.product_id limit ?
        """,
        [list(product_ids), list(product_ids), DEPTH],
    )


def popular(snapshot: Queryable) -> list[dict[str, Any]]:
    """Return what most people bought lately: for those of whom nothing is known."""
    return snapshot.rows(
        """
        select item_id as product_id, product_name, score, 'POPULAR' as reason_code,
            null::varchar as reason_product_id, null::varchar as reason_product_name,
            buyers as reason_count, null::date as reason_last_date
        from srv_recommendations_popular order by rank limit ?
        """,
        [DEPTH],
    )


def reason_text(item: Mapping[str, Any]) -> str:
    """Say a reason in English; other languages use the code and its parts."""
    other, count, last = item["reason_product_name"], item["reason_count"], item["reason_last_date"]
    sentences = {
        "BOUGHT_BEFORE": f"You bought it {count} times" + (f", last on {last}." if last else "."),
        "BECAUSE_BOUGHT": f"Because you bought {other}.",
        "BOUGHT_TOGETHER": f"Bought together with {other} in {count} baskets.",
        "TRENDING": "Bought more often than usual these weeks.",
        "POPULAR": "Many people bought it lately.",
    }
    return sentences.get(str(item["reason_code"]), "Recommended.")
