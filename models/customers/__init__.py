"""What customers are worth and what they buy together."""

from models.customers.baskets import basket_pairs as basket_pairs
from models.customers.values import CustomerValues as CustomerValues
from models.customers.values import customer_values as customer_values
