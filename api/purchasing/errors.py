"""What can go wrong with suppliers and restock orders."""

from api.errors import Conflict, Forbidden, InvalidContent


class OverReceipt(Conflict):
    code = "over_receipt"
    title = "More arrived than was ordered"
    detail = "A receipt can't hold more than is open on its lines and the company's tolerance allows."


class SupplierHasOpenOrders(Conflict):
    code = "supplier_has_open_orders"
    title = "Orders at this supplier are open"
    detail = "Receive, close or cancel the supplier's open restock orders first. Nothing was changed."


class RestockOrderFixed(Conflict):
    code = "restock_order_fixed"
    title = "This can't be changed any more"
    detail = "Lines change while the order is a draft, its date and note until it is closed."


class ApprovalLimitExceeded(Forbidden):
    code = "approval_limit_exceeded"
    title = "The order is above your approval limit"
    detail = "Somebody with a higher limit must approve this order."


class QuantityNotAccepted(InvalidContent):
    code = "quantity_not_accepted"
    title = "The supplier does not accept this quantity"
    detail = "A quantity is below the supplier's minimum or not a multiple of the pack."


class SupplierDoesNotOffer(InvalidContent):
    code = "supplier_does_not_offer"
    title = "The supplier does not offer this variant"
    detail = "Record the supplier's terms for the variant first: PUT /suppliers/{id}/products/{variant_id}."


class ExchangeRateRequired(InvalidContent):
    code = "exchange_rate_required"
    title = "The exchange rate is missing"
    detail = "The supplier's currency is not the company's: send exchange_rate and exchange_rate_date."
