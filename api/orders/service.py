"""The way in to orders for other domains; what becomes of an order is in the modules beside it."""

from api.orders.amounts import OrderAmounts as OrderAmounts
from api.orders.paying import cancel_unpaid as cancel_unpaid
from api.orders.paying import confirm_paid as confirm_paid
from api.orders.paying import order_totals as order_totals
from api.orders.paying import re_reserve as re_reserve
from api.orders.paying import record_payment_status as record_payment_status
from api.orders.placing import place_order as place_order
