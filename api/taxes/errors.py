"""What can go wrong with tax rates."""

from api.errors import Conflict


class TaxRatesOverlap(Conflict):
    code = "tax_rates_overlap"
    title = "Two rates would hold at once"
    detail = "Another rate of the same category and place holds in part of this time. End it first."
