"""The models of buying and spending, against published numbers, known truths and a sum by hand."""

import numpy as np
import pytest

from models.customers.buying import BgNbd, FitError, fit_bg_nbd, log_likelihood
from models.customers.spending import GammaGamma, fit_gamma_gamma

# Fader, Hardie and Lee (2005), table 2: CDNOW, weeks.
PAPER = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
TRUE = BgNbd(r=0.8, alpha=20.0, a=0.6, b=2.5)


def histories(
    model: BgNbd, *, customers: int, longest: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate customers who behave as the model says, each known for a time of their own."""
    chance = np.random.default_rng(seed)
    rows = []
    for _ in range(customers):
        age = float(chance.uniform(longest / 2, longest))
        rate, leaving = chance.gamma(model.r, 1 / model.alpha), chance.beta(model.a, model.b)
        frequency, last, now = 0, 0.0, float(chance.exponential(1 / rate))
        while now <= age:
            frequency, last = frequency + 1, now
            if chance.random() < leaving:
                break
            now += float(chance.exponential(1 / rate))
        rows.append((float(frequency), last, age))
    frequency_, recency, ages = np.array(rows).T
    return frequency_, recency, ages


def test_the_expectation_of_the_papers_customer_is_the_published_one() -> None:
    """ "Implementing the BG/NBD model in Excel" (Fader, Hardie, Lee 2005): 1.226 within 39 weeks."""
    one = np.array([2.0]), np.array([30.43]), np.array([38.86])
    assert PAPER.expected_purchases(39.0, *one) == pytest.approx([1.226], abs=5e-4)


def test_who_never_came_back_cannot_have_left_after_a_purchase() -> None:
    nobody = np.zeros(1), np.zeros(1), np.array([38.86])
    assert PAPER.alive_probability(*nobody) == pytest.approx([1.0])
    lately, long_ago = np.array([5.0, 5.0]), np.array([38.0, 10.0])
    alive = PAPER.alive_probability(lately, long_ago, np.array([38.86, 38.86]))
    assert alive[0] > 0.8 > 0.1 > alive[1]


def test_many_purchases_do_not_overflow() -> None:
    busy = np.array([900.0]), np.array([360.0]), np.array([364.0])
    expected = PAPER.expected_purchases(365.0, *busy)
    assert np.isfinite(expected).all()
    assert 0 < expected[0] < 900


def test_the_likelihood_of_a_customer_who_never_came_back_is_that_of_no_purchase() -> None:
    """Without a repeat nobody can have left: (alpha / (alpha + T)) ** r."""
    known = log_likelihood(PAPER, np.zeros(1), np.zeros(1), np.array([38.86]))
    assert known == pytest.approx([0.243 * np.log(4.414 / (4.414 + 38.86))])


def test_the_fit_finds_what_its_customers_were_made_from_and_their_next_year() -> None:
    past = histories(TRUE, customers=4_000, longest=720.0, seed=1)
    fitted = fit_bg_nbd(*past)
    assert fitted.r == pytest.approx(TRUE.r, rel=0.15)
    assert fitted.r / fitted.alpha == pytest.approx(TRUE.r / TRUE.alpha, rel=0.1)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.15)
    by_fit, by_truth = (model.expected_purchases(365.0, *past).sum() for model in (fitted, TRUE))
    assert by_fit == pytest.approx(by_truth, rel=0.05)


def test_the_fit_does_not_depend_on_the_order_of_rows_or_the_unit_of_time() -> None:
    frequency, recency, age = histories(TRUE, customers=500, longest=720.0, seed=2)
    fitted = fit_bg_nbd(frequency, recency, age)
    assert fit_bg_nbd(frequency[::-1], recency[::-1], age[::-1]) == fitted
    weekly = fit_bg_nbd(frequency, recency / 7, age / 7)
    assert weekly.alpha == pytest.approx(fitted.alpha / 7, rel=1e-3)


@pytest.mark.parametrize("frequency", [[], [0.0, 0.0]])
def test_histories_without_a_repeat_are_refused(frequency: list[float]) -> None:
    with pytest.raises(FitError, match="twice"):
        fit_bg_nbd(np.array(frequency), np.zeros(len(frequency)), np.ones(len(frequency)))


def test_spending_is_drawn_to_everybodys_mean_the_fewer_purchases_there_are() -> None:
    """CDNOW in "The Gamma-Gamma Model of Monetary Value": p 6.25, q 3.74, gamma 15.44; 24.66 by hand."""
    model = GammaGamma(p=6.25, q=3.74, v=15.44)
    amounts = model.expected_amount(np.array([2.0, 0.0, 1000.0]), np.array([22.35, 0.0, 22.35]))
    assert amounts == pytest.approx([6.25 * (15.44 + 44.70) / 15.24, 6.25 * 15.44 / 2.74, 22.35], abs=0.02)


def test_the_spending_fit_finds_what_its_customers_were_made_from() -> None:
    chance = np.random.default_rng(3)
    means = 4.0 * 30.0 / chance.gamma(3.5, 1.0, 4_000)
    purchases = chance.integers(1, 12, 4_000).astype(float)
    amounts = chance.gamma(4.0 * purchases, means / 4.0) / purchases
    fitted = fit_gamma_gamma(purchases, amounts)
    everybody = np.zeros(1)
    assert fitted.p == pytest.approx(4.0, rel=0.1)
    assert fitted.q == pytest.approx(3.5, rel=0.1)
    assert fitted.expected_amount(everybody, everybody) == pytest.approx([means.mean()], rel=0.05)


def test_nobody_who_spent_twice_is_refused() -> None:
    with pytest.raises(FitError, match="spent"):
        fit_gamma_gamma(np.array([1.0, 0.0]), np.array([5.0, 5.0]))
