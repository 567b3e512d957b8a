"""Why a forecast was refused."""


class ForecastInputError(ValueError):
    """The history or an option cannot be forecast from; the message says which and why."""
