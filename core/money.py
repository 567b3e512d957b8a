"""Money: decimal amounts in currencies with no or two decimals, rounded half away from zero.

Amounts are ``numeric(14,2)`` in PostgreSQL, prices and costs of one unit ``numeric(18,6)``; in JSON both are
decimal strings. No float ever holds money.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from core.errors import StockwiseError

LARGEST_AMOUNT = Decimal("999999999999.99")
UNIT_DIGITS = 6

# ISO 4217 by the number of decimals. Those with three or four (BHD, CLF, IQD, JOD, KWD, LYD, OMR, TND, UYW)
# would not fit an amount; metals, bonds and test codes are no money.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY
    COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
    MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER
    ZAR ZMW ZWG
"""
_DIGITS = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(_TWO_DECIMALS.split(), 2)
_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_EXACT = Context(prec=60)


class MoneyError(StockwiseError):
    """An amount or a currency that the product cannot keep."""


class UnsupportedCurrencyError(MoneyError):
    """A currency without a known number of decimals, or with more than two."""


@dataclass(frozen=True)
class TaxSplit:
    """One line's amounts: ``net + tax = gross``, all rounded to the currency."""

    net_amount: Decimal
    tax_amount: Decimal
    gross_amount: Decimal


def currency_digits(currency: str) -> int:
    """Return how many decimals a currency has, 0 or 2.

    Raises
    ------
    UnsupportedCurrencyError
        For any other; the message names it.
    """
    try:
        return _DIGITS[currency]
    except KeyError:
        raise UnsupportedCurrencyError(
            f"The currency {currency!r} is not supported.",
            hint="Use an ISO 4217 code of a currency with no or two decimals, such as EUR or JPY.",
        ) from None


def round_amount(value: Decimal, currency: str) -> Decimal:
    """Round to the currency's decimals, half away from zero.

    Examples
    --------
    >>> round_amount(Decimal("-2.345"), "EUR"), round_amount(Decimal("0.5"), "JPY")
    (Decimal('-2.35'), Decimal('1'))
    """
    digits = currency_digits(currency)
    if not value.is_finite():
        raise MoneyError("An amount must be a finite number.")
    if abs(value) > LARGEST_AMOUNT + 1:
        raise MoneyError(f"The amount {value} is larger than {LARGEST_AMOUNT}.")
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=_EXACT)
    if abs(rounded) > LARGEST_AMOUNT:
        raise MoneyError(f"The amount {rounded} is larger than {LARGEST_AMOUNT}.")
    return rounded + 0  # a negative zero becomes zero


def line_amount(unit_amount: Decimal, quantity_units: int, currency: str) -> Decimal:
    """Return the price of ``quantity_units``: multiplied exactly, rounded once."""
    return round_amount(_EXACT.multiply(unit_amount, Decimal(quantity_units)), currency)


def split_tax(amount: Decimal, *, tax_rate: Decimal, is_tax_included: bool, currency: str) -> TaxSplit:
    """Split a line's amount as priced into net, tax and gross.

    Parameters
    ----------
    amount : Decimal
        The line as priced; already rounded, or rounded here.
    tax_rate : Decimal
        Share of the net amount, at least 0: 0.19 for 19 %.
    is_tax_included : bool
        Whether ``amount`` is gross; the tax is then rounded, and net is what is left.

    Examples
    --------
    >>> split_tax(Decimal("1.00"), tax_rate=Decimal("0.19"), is_tax_included=True, currency="EUR")
    TaxSplit(net_amount=Decimal('0.84'), tax_amount=Decimal('0.16'), gross_amount=Decimal('1.00'))
    """
    if not tax_rate.is_finite() or tax_rate < 0:
        raise MoneyError(f"The tax rate {tax_rate} is not a share of 0 or more.")
    priced = round_amount(amount, currency)
    if not is_tax_included:
        tax = round_amount(_EXACT.multiply(priced, tax_rate), currency)
        return TaxSplit(net_amount=priced, tax_amount=tax, gross_amount=round_amount(priced + tax, currency))
    exact_tax = _EXACT.divide(_EXACT.multiply(priced, tax_rate), _EXACT.add(Decimal(1), tax_rate))
    tax = round_amount(exact_tax, currency)
    return TaxSplit(net_amount=priced - tax, tax_amount=tax, gross_amount=priced)


def spread(total: Decimal, weights: Sequence[Decimal], *, currency: str) -> list[Decimal]:
    """Share a total by weight in whole cents that add up to it, by largest remainder.

    Cents left over go to the largest remainders, of equal ones to the first. With only zero weights the
    parts are as equal as can be.

    Examples
    --------
    >>> spread(Decimal("10.00"), [Decimal(1), Decimal(1), Decimal(1)], currency="EUR")
    [Decimal('3.34'), Decimal('3.33'), Decimal('3.33')]
    """
    if round_amount(total, currency) != total:
        raise MoneyError(f"The total {total} is not a whole number of {currency}'s smallest unit.")
    if not weights:
        raise MoneyError("A total cannot be spread over nothing.")
    if any(not weight.is_finite() or weight < 0 for weight in weights):
        raise MoneyError("Weights must be 0 or more.")
    digits = currency_digits(currency)
    shares = weights if any(weights) else [Decimal(1)] * len(weights)
    cents = int(abs(total).scaleb(digits))
    sign = -1 if total < 0 else 1
    return [Decimal(sign * part).scaleb(-digits) + 0 for part in _spread_units(cents, shares)]


def parse_amount(text: str, currency: str) -> Decimal:
    """Read an amount from its decimal string; no exponent, no more decimals than the currency has."""
    value = _parse(text)
    if round_amount(value, currency) != value:
        raise MoneyError(f"{text} has more decimals than {currency}.")
    return round_amount(value, currency)


def parse_unit_amount(text: str) -> Decimal:
    """Read the price or cost of one unit from its decimal string, with up to six decimals."""
    return _parse(text)


def format_amount(value: Decimal, currency: str) -> str:
    """Write an amount for JSON: always with the currency's decimals.

    Examples
    --------
    >>> format_amount(Decimal("1234.5"), "EUR"), format_amount(Decimal("1E+3"), "JPY")
    ('1234.50', '1000')
    """
    return f"{round_amount(value, currency):f}"


def trim_amount(value: Decimal, *, digits: int) -> Decimal:
    """Return an amount without decimals where its currency has none and it needs none: an average may.

    Examples
    --------
    >>> trim_amount(Decimal("120.00"), digits=0), trim_amount(Decimal("120.50"), digits=0)
    (Decimal('120'), Decimal('120.50'))
    >>> trim_amount(Decimal("120.00"), digits=2)
    Decimal('120.00')
    """
    is_whole = digits == 0 and value == value.to_integral_value()
    return _EXACT.plus(value.quantize(Decimal(1), context=_EXACT)) if is_whole else value


def format_unit_amount(value: Decimal) -> str:
    """Write a price or cost of one unit for JSON: at least two decimals, and no needless zeros after.

    Examples
    --------
    >>> format_unit_amount(Decimal("2.500000")), format_unit_amount(Decimal("0.123456"))
    ('2.50', '0.123456')
    """
    rounded = value.quantize(Decimal(1).scaleb(-UNIT_DIGITS), rounding=ROUND_HALF_UP, context=_EXACT)
    whole, _, decimals = f"{rounded + 0:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _spread_units(total: int, weights: Sequence[Decimal]) -> list[int]:
    weight_sum = sum(map(Fraction, weights))
    exact = [total * Fraction(weight) / weight_sum for weight in weights]
    parts = [math.floor(value) for value in exact]
    left_over = total - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[:left_over]:
        parts[index] += 1
    return parts


def _parse(text: str) -> Decimal:
    if not _DECIMAL_TEXT.fullmatch(text):
        raise MoneyError(f"{text!r} is not a decimal number such as 12.50.")
    return Decimal(text)
