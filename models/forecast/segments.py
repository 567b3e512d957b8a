"""Kinds of demand by how often it comes and how much its size varies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.forecast.history import FloatArray

SMOOTH, ERRATIC, INTERMITTENT, LUMPY = 0, 1, 2, 3
SEGMENT_NAMES = ("smooth", "erratic", "intermittent", "lumpy")
ADI_LIMIT = 1.32
CV2_LIMIT = 0.49


def classify_demand(demand_units: FloatArray) -> NDArray[np.int64]:
    """Say for each series which kind of demand it has.

    ADI is known days per day with demand, CV2 the squared coefficient of variation of the demand of
    those days; strictly below both limits (1.32 and 0.49) is smooth.

    Parameters
    ----------
    demand_units : ndarray of shape (n_series, n_days)
        Units per day; NaN is missing and is not counted.

    Returns
    -------
    ndarray of shape (n_series,)
        Index into SEGMENT_NAMES; a series without demand is intermittent.

    References
    ----------
    Syntetos, Boylan and Croston (2005), Journal of the Operational Research Society 56, 495-503.

    Examples
    --------
    >>> [SEGMENT_NAMES[kind] for kind in classify_demand(np.array([[0.0, 4, 4, 0], [0, 1, 0, 40]]))]
    ['intermittent', 'lumpy']
    """
    adi, cv2 = demand_rhythm(demand_units)
    return np.where(
        adi < ADI_LIMIT,
        np.where(cv2 < CV2_LIMIT, SMOOTH, ERRATIC),
        np.where(cv2 < CV2_LIMIT, INTERMITTENT, LUMPY),
    ).astype(np.int64)


def demand_rhythm(demand_units: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give ADI and CV2 of each series (infinity and 0 without demand)."""
    known = ~np.isnan(demand_units)
    sold = known & (np.nan_to_num(demand_units) > 0)
    n_sold = sold.sum(axis=1)
    divisor = np.maximum(n_sold, 1)
    mean = np.where(sold, demand_units, 0.0).sum(axis=1) / divisor
    variance = np.where(sold, (demand_units - mean[:, None]) ** 2, 0.0).sum(axis=1) / divisor
    adi = np.where(n_sold > 0, known.sum(axis=1) / divisor, np.inf)
    return adi, np.where(n_sold > 0, variance / np.maximum(mean, 1e-12) ** 2, 0.0)
