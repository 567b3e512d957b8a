"""What does a customer spend per purchase: the gamma-gamma model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from models.customers.buying import FitError, FloatArray

_LARGEST_LOG = 12.0


@dataclass(frozen=True)
class GammaGamma:
    """Amounts are gamma (shape ``p``) around a customer's own mean, means inverse gamma (``q``, ``v``).

    ``v`` is in the amounts' unit; ``q`` above 1, so that the mean over customers is finite.

    References
    ----------
    Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value (note at brucehardie.com).

    Examples
    --------
    With the note's estimates for CDNOW: two repeat purchases of 22.35 on average; and nobody's history.

    >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> model.expected_amount(np.array([2.0, 0.0]), np.array([22.35, 0.0])).round(1)
    array([24.7, 35.2])
    """

    p: float
    q: float
    v: float

    def expected_amount(self, purchases: FloatArray, mean_amount: FloatArray) -> FloatArray:
        """Mean amount expected of each customer: their own, drawn to everybody's the fewer they made."""
        own = self.v + mean_amount * purchases
        return np.asarray(self.p * own / (self.p * purchases + self.q - 1.0), dtype=np.float64)


def fit_gamma_gamma(purchases: FloatArray, mean_amount: FloatArray) -> GammaGamma:
    """Fit the model to customers with purchases of a positive mean amount.

    Raises
    ------
    FitError
        If there is none of them, or the search does not converge.
    """
    usable = (purchases > 0) & (mean_amount > 0)
    if usable.sum() < 2:
        raise FitError("nobody has spent twice")
    scale = float(mean_amount[usable].mean())
    x, m = purchases[usable], mean_amount[usable] / scale

    def loss(logs: FloatArray) -> float:
        p, q, v = np.exp(logs[0]), 1.0 + np.exp(logs[1]), np.exp(logs[2])
        likelihood = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
            + (p * x - 1.0) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(x * m + v)
        )  # fmt: skip
        return -float(likelihood.mean())

    found = minimize(loss, np.zeros(3), method="L-BFGS-B", bounds=[(-_LARGEST_LOG, _LARGEST_LOG)] * 3)
    if not found.success or not np.all(np.isfinite(found.x)):
        raise FitError(f"the search for the spending model ended without a result: {found.message}")
    p, q, v = found.x
    return GammaGamma(float(np.exp(p)), 1.0 + float(np.exp(q)), float(np.exp(v)) * scale)
