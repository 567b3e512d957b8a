"""Why a pull was refused."""

from core.errors import StockwiseError


class FeedError(StockwiseError):
    """The feed could not read a consistent state; the lake is as it was."""


class FeedRunningError(FeedError):
    """Another pull holds the lake."""


class FeedSchemaError(FeedError):
    """A column that the lake knows was removed or has another type now."""
