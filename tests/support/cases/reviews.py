"""Requests of every operation of reviews, and the row that their paths name."""

from tests.support.operation_case import Case, Ids, Make, path_of

_REVIEW = path_of("review_id")
_PRODUCT = path_of("product_id")
_ONE = "/api/v1/reviews/{review_id}"

CASES: dict[tuple[str, str], Case] = {
    ("GET", "/api/v1/products/{product_id}/reviews"): Case(_PRODUCT),
    ("GET", "/api/v1/products/{product_id}/reviews/summary"): Case(_PRODUCT),
    ("GET", "/api/v1/reviews"): Case(query=lambda ids: {"product_id": ids["product_id"]}),
    ("POST", "/api/v1/reviews"): Case(
        body=lambda ids: {"product_id": ids["product_id"], "rating": 4, "title": "Good"}
    ),
    ("GET", _ONE): Case(_REVIEW),
    ("PATCH", _ONE): Case(_REVIEW, lambda ids: {"rating": 5}),
    ("DELETE", _ONE): Case(_REVIEW),
    ("PATCH", f"{_ONE}/status"): Case(_REVIEW, lambda ids: {"status": "approved", "revision": 1}),
    ("PUT", f"{_ONE}/reply"): Case(_REVIEW, lambda ids: {"text": "Thank you"}),
    ("DELETE", f"{_ONE}/reply"): Case(_REVIEW),
    ("PUT", f"{_ONE}/helpful"): Case(_REVIEW),
    ("DELETE", f"{_ONE}/helpful"): Case(_REVIEW),
    ("POST", f"{_ONE}/reports"): Case(_REVIEW, lambda ids: {"reason": "spam"}),
    ("GET", f"{_ONE}/reports"): Case(_REVIEW),
}


async def add(made: Make, ids: Ids) -> None:
    """Write a review."""
    ids["review_id"] = (await made("POST", "/api/v1/reviews"))["id"]
