"""Changes of one table alone: what another table's change would have named anyway is left out of none."""

from uuid import UUID

from tests.support.random_history import RandomHistory

# The row that was changed longest ago: no other change of the round names its key.
_OLDEST = "select id from {table} where company_id = %(company)s and {condition} order by row_xid, id limit 1"
_TOUCHES = (
    ("payments", "true", "update payments set attempts = attempts + 1 where id = ({oldest})"),
    (
        "payments",
        "true",
        "insert into payment_history (company_id, payment_id, to_status, occurred_at)"
        " select company_id, id, 'failed', now() from payments where id = ({oldest})",
    ),
    (
        "payment_allocations",
        "true",
        "update payment_allocations set amount = amount + 1 where id = ({oldest})",
    ),
    ("cart_lines", "true", "update cart_lines set quantity_units = quantity_units + 1 where id = ({oldest})"),
    (
        "orders",
        "status = 'completed'",
        "update orders set status = 'cancelled', cancelled_at = now() where id = ({oldest})",
    ),
    (
        "order_lines",
        "cancelled_units = 0 and quantity_units > fulfilled_units"
        " and not exists (select from reservations where owner_line_id = order_lines.id)",
        "update order_lines set cancelled_units = quantity_units - fulfilled_units where id = ({oldest})",
    ),
    (
        "orders",
        "status = 'completed'",
        "insert into order_charges (company_id, order_id, kind, unit_amount, amount, occurred_at)"
        " select company_id, id, 'shipping', 5, 5, placed_at from orders where id = ({oldest})",
    ),
    # The only thing that happened at the second place on that day: nothing that is fed names it any more.
    (
        "reservations",
        "location_id = %(second)s",
        "update reservations set location_id = %(first)s where id = ({oldest})",
    ),
    (
        "order_returns",
        "status = 'received'",
        "update order_returns set status = 'rejected' where id = ({oldest})",
    ),
    (
        "order_return_lines",
        "refund_amount > 1",
        "update order_return_lines set refund_amount = refund_amount - 1 where id = ({oldest})",
    ),
    (
        "order_lines",
        "returned_units > 0 and net_amount > 1",
        "update order_lines set net_amount = net_amount - 1, gross_amount = gross_amount - 1"
        " where id = ({oldest})",
    ),
    (
        "payment_refunds",
        "status = 'succeeded'",
        "update payment_refunds set processed_at = processed_at - interval '3 days' where id = ({oldest})",
    ),
    (
        "payments",
        "refunded_amount > 0",
        "update payments set customer_id = case when customer_id is null then %(customer)s::uuid end"
        " where id = ({oldest})",
    ),
    (
        "restock_orders",
        "true",
        "update restock_orders set expected_date = expected_date + 1 where id = ({oldest})",
    ),
    (
        "restock_order_lines",
        "true",
        "update restock_order_lines set ordered_units = ordered_units + 1 where id = ({oldest})",
    ),
)
# Names each line of the supplier's, so that it would hide what was left out of single ones.
_TOUCH_OF_ALL = (
    "update suppliers set working_weekdays = case working_weekdays when '135' then '12345' else '135' end"
    " where company_id = %(company)s"
)


_MOST_TRIES = 200


def touch_each_table_alone(history: RandomHistory) -> None:
    """Make one change in each table that the marts follow by key, each of a row of its own."""
    for table, condition, statement in _TOUCHES:
        touched = history.owner.execute(statement.format(oldest=_oldest(table, condition)), _values(history))
        assert touched.rowcount == 1, f"no row of {table} to touch"


def touch_the_supplier(history: RandomHistory) -> None:
    """Have the company's supplier work on other days."""
    assert history.owner.execute(_TOUCH_OF_ALL, _values(history)).rowcount == 1


def make_rows_to_touch(history: RandomHistory) -> None:
    """Place orders, pay, return, restock and fill carts until there is a row for each touch."""
    for table, condition, _ in _TOUCHES:
        for _ in range(_MOST_TRIES):
            rows = history.owner.execute(_oldest(table, condition), _values(history)).fetchall()
            if rows:
                break
            history._place_order()
            history._shop()
            history._return_units()
            history._restock()


def _oldest(table: str, condition: str) -> str:
    return _OLDEST.format(table=table, condition=condition)


def _values(history: RandomHistory) -> dict[str, UUID]:
    first, second = history.locations
    customer = history.company.customer_id
    return {"company": history.company.id, "first": first, "second": second, "customer": customer}
