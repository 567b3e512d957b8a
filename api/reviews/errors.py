"""What can go wrong with reviews."""

from api.errors import Conflict


class ReviewExists(Conflict):
    code = "review_exists"
    title = "You have reviewed this product"
    detail = "There is one review per customer and product. Change yours instead."


class OwnReview(Conflict):
    code = "own_review"
    title = "This is your own review"
    detail = "Votes and reports are for the reviews of others."


class AlreadyReported(Conflict):
    code = "already_reported"
    title = "You have reported this review"
    detail = "You have reported this review already."
