"""What can go wrong with coupons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from api.errors import AlreadyExists, Conflict, InvalidContent, Violation
from api.pricing.quotes import CouponProblem


class CouponRefused(Conflict):
    code = "coupon_refused"
    title = "A coupon does not count"
    detail = "Some coupons do not count for this purchase; see coupons for the reasons. Nothing was ordered."

    @classmethod
    def of(cls, problems: Sequence[CouponProblem]) -> CouponRefused:
        """Name each code with its reason."""
        return cls(
            violations=[
                Violation("/coupon_codes", problem.reason, f"{problem.code}: {problem.detail}")
                for problem in problems
            ],
            extensions={"coupons": [asdict(problem) for problem in problems]},
        )


class CouponCodeTaken(AlreadyExists):
    code = "coupon_code_taken"
    title = "The code is taken"
    detail = "Another coupon of this company has this code, perhaps an archived one."


class CampaignNameTaken(AlreadyExists):
    code = "campaign_name_taken"
    title = "The name is taken"
    detail = "Another campaign of this company has this name."


class CouponTermsInvalid(InvalidContent):
    code = "coupon_terms_invalid"
    title = "The coupon's terms do not fit together"
    detail = (
        "A percentage is above 0 and at most 100, an amount above 0, and a validity ends after it begins."
    )


class LimitBelowUse(Conflict):
    code = "limit_below_use"
    title = "It was used more often"
    detail = "A limit can't be below the number of uses that there are already."
