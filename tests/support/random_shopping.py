"""Random payments, refunds, carts and views of a small shop, beside the orders of `random_history`."""

from typing import TYPE_CHECKING

from core.ids import new_id

if TYPE_CHECKING:
    from tests.support.random_history import RandomHistory

_METHOD = (
    "insert into payment_methods (company_id, code, name) values (%(company)s, 'wallet', 'Wallet')"
    " on conflict do nothing"
)
# One order of the company that has none yet is paid, at the first or second try.
_PAY = """
with one as (
    select * from orders where company_id = %(company)s and total_amount > 0
    and not exists (select from payment_allocations where order_id = orders.id and captured_amount > 0)
    order by hashtext(id::text || %(salt)s) limit 1
),
paid as (
    insert into payments (company_id, id, transaction_number, source_id, customer_id, payment_method_id,
        provider, currency, amount, authorised_amount, captured_amount, status, payment_status, attempts,
        authorised_at, paid_at)
    select one.company_id, %(id)s, %(id)s::text, %(id)s, one.customer_id, payment_methods.id, 'local',
        one.currency, total_amount, %(taken)s * total_amount, %(taken)s * total_amount,
        case %(taken)s when 1 then 'succeeded' else 'failed' end,
        case %(taken)s when 1 then 'paid' else 'failed' end, %(tries)s, now(),
        case %(taken)s when 1 then now() - %(ago)s * interval '1 minute' end
    from one join payment_methods on payment_methods.company_id = one.company_id
    returning id, captured_amount
),
told as (
    insert into payment_history (company_id, payment_id, to_status, occurred_at)
    select %(company)s, id, 'failed', now() from paid cross join generate_series(2, %(tries)s)
)
insert into payment_allocations (company_id, payment_id, order_id, shop_id, amount, captured_amount)
select one.company_id, paid.id, one.id, one.shop_id, one.total_amount, paid.captured_amount from one, paid
"""
_REFUND = """
with one as (
    select * from payment_allocations
    where company_id = %(company)s and captured_amount - refunded_amount >= 1
    order by hashtext(id::text || %(salt)s) limit 1
),
share as (
    update payment_allocations set refund_reserved_amount = payment_allocations.refund_reserved_amount + 1,
        refunded_amount = payment_allocations.refunded_amount + 1
    from one where payment_allocations.id = one.id
),
whole as (
    update payments set refunded_amount = payments.refunded_amount + 1, payment_status = 'partly_refunded'
    from one where payments.id = one.payment_id
)
insert into payment_refunds (company_id, payment_id, order_id, key, amount, currency, status, processed_at)
select one.company_id, payment_id, order_id, %(id)s::text, 1, companies.currency, 'succeeded',
    now() - %(ago)s * interval '1 minute'
from one join companies on companies.id = one.company_id
"""
_EXPLAIN_REFUND = """
update payment_refunds set reason = 'came late'
where id = (select id from payment_refunds where company_id = %(company)s
    order by hashtext(id::text || %(salt)s) limit 1)
"""
# What was paid for becomes another customer's, as when two are merged; its refunds are too.
_GIVE_PAYMENT = """
update payments set customer_id = %(customer)s
where id = (select payment_id from payment_allocations where company_id = %(company)s
    order by refunded_amount = 0, hashtext(id::text || %(salt)s) limit 1)
"""
_FILL_CART = """
with made as (
    insert into carts (company_id, id, session_sha256, created_at, last_activity_at, expires_at)
    values (%(company)s, %(id)s, sha256(%(id)s::text::bytea), now() - %(ago)s * interval '1 minute',
        now() - %(ago)s * interval '1 minute', now() - %(ago)s * interval '1 minute' + interval '30 days')
    returning id, created_at
)
insert into cart_lines (company_id, cart_id, shop_id, variant_id, quantity_units, added_unit_price_amount,
    unit_price_amount, added_at)
select %(company)s, made.id, %(shop)s, %(variant)s, %(units)s, 10, 10, made.created_at from made
"""
_END_CART = """
update carts set status = %(status)s, abandoned_at = case %(status)s when 'abandoned' then now() end,
    converted_at = case %(status)s when 'converted' then now() end
where company_id = %(company)s and id = (select id from carts where company_id = %(company)s
    and status = 'active' order by hashtext(id::text || %(salt)s) limit 1)
"""
# As the sweeper does: a cart that nobody bought, with its lines.
_FORGET_CART = """
with gone as (
    delete from carts where id = (select id from carts where company_id = %(company)s
        and status <> 'converted' order by hashtext(id::text || %(salt)s) limit 1)
    returning id
)
delete from cart_lines using gone where company_id = %(company)s and cart_id = gone.id
"""
_LOOK = """
insert into product_views (company_id, product_id, shop_id, customer_id, session_key, viewed_at,
    duration_seconds)
select %(company)s, product_id, %(shop)s, %(customer)s, 'session', now() - %(ago)s * interval '1 minute', 2.5
from variants where id = %(variant)s
"""
_FORGET_VIEW = (
    "delete from product_views where id = (select id from product_views where company_id = %(company)s"
    " order by hashtext(id::text || %(salt)s) limit 1)"
)


def shop_at_random(history: "RandomHistory") -> None:
    """Make one change to what is paid, put into carts or looked at."""
    chance = history.chance
    statement = chance.choice(
        [_PAY, _PAY, _REFUND, _REFUND, _EXPLAIN_REFUND, _GIVE_PAYMENT, _FILL_CART, _FILL_CART, _END_CART,
         _FORGET_CART, _LOOK, _LOOK, _FORGET_VIEW]
    )  # fmt: skip
    history._write(_METHOD)
    history._write(
        statement,
        id=new_id(),
        ago=history._ago(),
        shop=chance.choice(history.shops),
        variant=chance.choice(history.variants),
        customer=chance.choice([None, *history.customers]),
        units=chance.randint(1, 5),
        status=chance.choice(["abandoned", "converted"]),
        taken=chance.choice([0, 1, 1]),
        tries=chance.randint(1, 3),
    )
