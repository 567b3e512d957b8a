"""Why a plan was refused."""


class ReplenishmentInputError(ValueError):
    """The frames, paths or settings cannot be planned from; the message says which and why."""
