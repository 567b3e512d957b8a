"""When will a customer buy again: the BG/NBD model of repeat buying without a contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

FloatArray = NDArray[np.float64]
_LONGEST_SPAN = 10.0
_LARGEST_LOG = 12.0


class FitError(ValueError):
    """The history is too small or too odd for a model of it."""


@dataclass(frozen=True)
class BgNbd:
    """Rates of buying are gamma (``r``, ``alpha``) over customers, chances of leaving beta (``a``, ``b``).

    A customer buys at random times while active, and after each purchase leaves for good with their own
    chance. Time has one unit throughout; ``alpha`` is in it.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275-284.

    Examples
    --------
    The customer of the paper's note on Excel: two repeat purchases, the last in week 30.43 of 38.86.

    >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> one = np.array([2.0]), np.array([30.43]), np.array([38.86])
    >>> model.expected_purchases(39.0, *one).round(3)
    array([1.226])
    """

    r: float
    alpha: float
    a: float
    b: float

    def alive_probability(self, frequency: FloatArray, recency: FloatArray, age: FloatArray) -> FloatArray:
        """Probability that each customer is still active.

        Parameters
        ----------
        frequency, recency, age : ndarray of shape (n_customers,)
            Repeat purchases; time from the first to the last purchase; time from the first until now.
        """
        return np.asarray(1.0 / (1.0 + self._left_odds(frequency, recency, age)), dtype=np.float64)

    def expected_purchases(
        self, duration: float, frequency: FloatArray, recency: FloatArray, age: FloatArray
    ) -> FloatArray:
        """Purchases expected of each customer within ``duration`` from now on."""
        a = self.a + 1e-9 if self.a == 1.0 else self.a
        whole = a + self.b + frequency - 1.0
        share = duration / (self.alpha + age + duration)
        # Euler's transformation: powers of the number of purchases, which overflow, cancel.
        hyper = hyp2f1(a + self.b - 1.0 - self.r, a - 1.0, whole, share)
        gain = 1.0 - (1.0 - share) ** (a - 1.0) * hyper
        expected = whole / (a - 1.0) * gain * self.alive_probability(frequency, recency, age)
        return np.asarray(np.maximum(expected, 0.0), dtype=np.float64)

    def _left_odds(self, frequency: FloatArray, recency: FloatArray, age: FloatArray) -> FloatArray:
        power = (self.r + frequency) * (np.log(self.alpha + age) - np.log(self.alpha + recency))
        odds = self.a / (self.b + np.maximum(frequency, 1.0) - 1.0) * np.exp(np.minimum(power, 700.0))
        return np.where(frequency > 0, odds, 0.0)


def log_likelihood(model: BgNbd, frequency: FloatArray, recency: FloatArray, age: FloatArray) -> FloatArray:
    """Logarithm of the chance of each customer's history under the model."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    rate = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha)
    stay = gammaln(a + b) + gammaln(b + frequency) - gammaln(b) - gammaln(a + b + frequency)
    active = -(r + frequency) * np.log(alpha + age)
    left = (
        np.log(a) - np.log(b + np.maximum(frequency, 1.0) - 1.0) - (r + frequency) * np.log(alpha + recency)
    )
    either = np.where(frequency > 0, np.logaddexp(active, left), active)
    return np.asarray(rate + stay + either, dtype=np.float64)


def fit_bg_nbd(frequency: FloatArray, recency: FloatArray, age: FloatArray) -> BgNbd:
    """Fit the model by maximum likelihood; the same rows in any order give the same model.

    Raises
    ------
    FitError
        If the search does not converge, as with histories that have no repeat purchase.
    """
    if not len(frequency) or frequency.max() <= 0:
        raise FitError("nobody has bought twice")
    scale = float(age.max()) / _LONGEST_SPAN  # the search takes numbers around one best
    histories, counts = np.unique(
        np.column_stack([frequency, recency / scale, age / scale]), axis=0, return_counts=True
    )
    columns = histories[:, 0], histories[:, 1], histories[:, 2]

    def loss(logs: FloatArray) -> float:
        return -float(counts @ log_likelihood(BgNbd(*np.exp(logs)), *columns)) / float(counts.sum())

    found = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-_LARGEST_LOG, _LARGEST_LOG)] * 4)
    if not found.success or not np.all(np.isfinite(found.x)):
        raise FitError(f"the search for the buying model ended without a result: {found.message}")
    r, alpha, a, b = np.exp(found.x)
    return BgNbd(float(r), float(alpha * scale), float(a), float(b))
