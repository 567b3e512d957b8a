"""What can go wrong with a wishlist."""

from api.errors import AlreadyExists, Conflict, InvalidContent


class WishlistExists(AlreadyExists):
    code = "wishlist_exists"
    title = "You have a wishlist of this name"
    detail = "You have a wishlist of this name already."


class WishlistLimitExceeded(Conflict):
    code = "wishlist_limit_exceeded"
    title = "More than wishlists hold"
    detail = "There would be more wishlists, or more on one of them, than are allowed."


class DefaultWishlist(Conflict):
    code = "default_wishlist"
    title = "This is the default wishlist"
    detail = "The default wishlist can't be deleted. Make another one the default first."


class VariantRequired(InvalidContent):
    code = "variant_required"
    title = "Which variant?"
    detail = "The product is sold in several variants: name one."
