"""Random restock orders of a small shop and what comes of them, beside the orders of `random_history`."""

from typing import TYPE_CHECKING

from core.ids import new_id

if TYPE_CHECKING:
    from tests.support.random_history import RandomHistory

# Two lines, so that one can come while the other is awaited.
_ORDER = """
with made as (
    insert into restock_orders (company_id, id, restock_number, supplier_id, location_id, status, currency,
        exchange_rate, expected_date, sent_at)
    select %(company)s, %(id)s, %(id)s::text, suppliers.id, %(place)s, %(status)s, currency, 0.8,
        current_date - %(days)s, case %(status)s when 'sent' then now() - %(ago)s * interval '1 minute' end
    from suppliers where company_id = %(company)s
)
insert into restock_order_lines (company_id, restock_order_id, variant_id, line_number, ordered_units,
    unit_cost_amount, line_amount)
select %(company)s, %(id)s, %(variant)s, number, 10, 6, 60 from generate_series(1, 2) as numbers (number)
"""
_SEND = """
update restock_orders set status = 'sent', sent_at = now() - %(ago)s * interval '1 minute'
where id = (select id from restock_orders where company_id = %(company)s and status = 'draft'
    order by hashtext(id::text || %(salt)s) limit 1)
"""
# A part of one line comes, at the place it was ordered for or at another; in the ledger as well.
_RECEIVE = """
with one as (
    select lines.*, orders.id as order_id from restock_order_lines as lines
    inner join restock_orders as orders on orders.id = lines.restock_order_id
    where lines.company_id = %(company)s and status in ('sent', 'partly_received')
    and received_units + %(units)s <= ordered_units
    order by hashtext(lines.id::text || %(salt)s) limit 1
),
part as (
    update restock_order_lines set received_units = restock_order_lines.received_units + %(units)s
    from one where restock_order_lines.id = one.id
),
whole as (
    update restock_orders set status = 'partly_received' from one where restock_orders.id = one.order_id
),
receipt as (
    insert into receipts (company_id, id, restock_order_id, location_id, received_at)
    select company_id, %(id)s, order_id, %(place)s, now() - %(ago)s * interval '1 minute' from one
),
moved as (
    insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason, unit_cost_amount,
        occurred_at)
    select company_id, %(place)s, variant_id, %(units)s, 'receipt', 5 + %(units)s,
        now() - %(ago)s * interval '1 minute' from one
)
insert into receipt_lines (company_id, receipt_id, restock_order_line_id, variant_id, received_units,
    unit_cost_amount)
select company_id, %(id)s, id, variant_id, %(units)s, 5 + %(units)s from one
"""
_END = """
update restock_orders set status = %(ended)s, closed_at = now()
where id = (select id from restock_orders where company_id = %(company)s
    and status in ('sent', 'partly_received') order by hashtext(id::text || %(salt)s) limit 1)
"""
_WORK_OTHER_DAYS = "update suppliers set working_weekdays = %(weekdays)s where company_id = %(company)s"


def restock_at_random(history: "RandomHistory") -> None:
    """Make one change to what is ordered from suppliers and what comes."""
    chance = history.chance
    statement = chance.choice(
        [_ORDER, _ORDER, _ORDER, _SEND, _RECEIVE, _RECEIVE, _RECEIVE, _END, _WORK_OTHER_DAYS]
    )
    history._write(
        statement,
        id=new_id(),
        ago=history._ago(),
        days=chance.randint(-5, 30),
        place=chance.choice(history.locations),
        variant=chance.choice(history.variants),
        units=chance.randint(1, 5),
        status=chance.choice(["draft", "sent"]),
        ended=chance.choice(["closed_short", "cancelled"]),
        weekdays=chance.choice(["12345", "123456", "135"]),
    )
