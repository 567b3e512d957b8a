"""A small shop with two years of everything that figures are made of: the demo's generator and SQL on top.

The generator brings sales, guests, cancellations, returns, discounts, stock-outs, purchases and receipts;
what it does not know is written beside its rows, so that it fits them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.progress import SilentProgress
from core.settings import Settings
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.generate import demo_company_id, write_company
from tests.support.companies import Company, add_company
from tests.support.databases import FreshDatabase

TIME_ZONE = "Europe/Berlin"
PLAN = CompanyPlan.model_validate(
    {
        "name": "Spree Goods", "slug": "spree-goods", "sku_prefix": "SG", "currency": "EUR",
        "timezone": TIME_ZONE, "tax_rate": 0.19, "prices_include_tax": True, "online_shipping": 4.9,
        "free_shipping_from": 50.0, "yearly_growth": 0.1, "customers": 90, "country": "Germany",
        "first_names": ["Ada", "Ben", "Cem", "Dana", "Emil"], "last_names": ["Kurz", "Lang", "Moor", "Nagel"],
        "shops": [
            {"name": "Spree Online", "slug": "online", "location": "HALLE", "share": 0.6, "is_online": True},
            {"name": "Spree Mitte", "slug": "mitte", "location": "MITTE", "share": 0.4, "city": "Berlin"},
        ],
        "locations": [
            {"code": "HALLE", "name": "Hall", "kind": "warehouse"},
            {"code": "MITTE", "name": "Shop in Mitte", "kind": "shop"},
        ],
        "suppliers": [
            {"code": "NORD", "name": "Nord", "quoted_lead_time_days": 7, "spread": 0.2,
             "order_every_weeks": 1, "moq_units": 4, "pack_units": 4},
            {"code": "SUED", "name": "Sued", "quoted_lead_time_days": 16, "spread": 0.35,
             "order_every_weeks": 2, "moq_units": 6, "pack_units": 6, "is_late": True},
        ],
        "categories": [
            {"name": "Mugs", "season": "flat"},
            {"name": "Knives", "season": "winter"},
            {"name": "Garden", "season": "summer"},
        ],
        "promotions": [
            {"name": "Mug week", "category": "Mugs", "days_ago": 40, "days": 10, "discount": 0.25,
             "uplift": 2.0},
            {"name": "Spring", "every_year": "03-24", "days": 9, "discount": 0.1, "uplift": 1.5},
        ],
        "products": [
            {"name": "Mug", "category": "Mugs", "supplier": "NORD", "price": 12.9, "daily_units": 1.6,
             "options": ["Blue", "Red"]},
            {"name": "Bowl", "category": "Mugs", "supplier": "NORD", "price": 17.5, "daily_units": 0.8},
            {"name": "Bread knife", "category": "Knives", "supplier": "SUED", "price": 49.0,
             "daily_units": 0.7, "role": "late_bestseller"},
            {"name": "Cleaver", "category": "Knives", "supplier": "SUED", "price": 89.0, "daily_units": 0.2,
             "pattern": "intermittent"},
            {"name": "Spade", "category": "Garden", "supplier": "NORD", "price": 34.0, "daily_units": 0.6},
            {"name": "Twine", "category": "Garden", "supplier": "SUED", "price": 5.5, "daily_units": 1.1},
            {"name": "Lantern", "category": "Garden", "supplier": "NORD", "price": 28.0, "daily_units": 0.9,
             "pattern": "new"},
            {"name": "Sundial", "category": "Garden", "supplier": "SUED", "price": 120.0,
             "daily_units": 0.1, "pattern": "dead"},
        ],
    }
)  # fmt: skip


@dataclass(frozen=True)
class MeasuredShop:
    """The database that was published from, and where its published files are."""

    database: FreshDatabase
    settings: Settings
    company_id: str
    # Another company, with one product and no sales, in its own published file.
    other: Company
    timezone: str = TIME_ZONE


def write_measured_shop(database: FreshDatabase, settings: Settings) -> MeasuredShop:
    """Write the shop up to yesterday, and another company beside it."""
    today = datetime.now(UTC).astimezone(ZoneInfo(TIME_ZONE)).date()
    with database.connect("app") as app, app.transaction(), SilentProgress().step("shop") as step:
        write_company(app, PLAN, seed=5, as_of=today, step=step)
    company_id = demo_company_id(PLAN)
    with database.connect("owner") as owner, owner.transaction():
        for statement in _BESIDE:
            owner.execute(statement, {"company": company_id})
        other = add_company(owner, "other", currency="JPY")
        owner.execute("analyze")
    return MeasuredShop(database=database, settings=settings, company_id=company_id, other=other)


_TREE = """
with top as (
    insert into categories (company_id, name, slug) values (%(company)s, 'Kitchen', 'kitchen-all')
    returning id
)
update categories set parent_id = top.id from top
where company_id = %(company)s and categories.name in ('Mugs', 'Knives')
"""
_BRANDS = """
update products set brand = case when category_id in (
    select id from categories where name = 'Garden') then 'Gruen' when name = 'Mug' then 'Spree' end
where company_id = %(company)s
"""
# One unit of some lines was cancelled before it left.
_PARTLY_CANCELLED = """
update order_lines set cancelled_units = 1, fulfilled_units = fulfilled_units - 1
where company_id = %(company)s and fulfilled_units = quantity_units and quantity_units > 1
and returned_units = 0 and abs(hashtext(id::text)) %% 11 = 0
"""
_COST_UNKNOWN = """
update order_lines set unit_cost_amount = null
where company_id = %(company)s and abs(hashtext(id::text)) %% 23 = 0
"""
_COUPON = """
with coupon as (
    insert into coupons (company_id, code, kind, value) values (%(company)s, 'WELCOME10', 'percentage', 10)
    returning id
),
used as (
    insert into coupon_redemptions (company_id, coupon_id, customer_id, code, kind, discount_amount,
        created_at, given_back_at)
    select orders.company_id, coupon.id, orders.customer_id, 'WELCOME10', 'percentage',
        orders.discount_amount, orders.placed_at, orders.cancelled_at
    from orders cross join coupon
    where orders.company_id = %(company)s and orders.coupon_code is not null
    and orders.customer_id is not null
    returning id, customer_id, created_at, discount_amount, given_back_at
)
insert into coupon_redemption_orders (company_id, redemption_id, order_id, discount_amount, given_back_at)
select distinct on (used.id) %(company)s::uuid, used.id, orders.id, used.discount_amount, used.given_back_at
from used join orders on orders.company_id = %(company)s and orders.customer_id = used.customer_id
and orders.placed_at = used.created_at
"""
_METHODS = """
insert into payment_methods (company_id, code, name)
select %(company)s, code, code from unnest(array['credit_card', 'paypal']) as code
on conflict do nothing
"""
# Every order that was charged has one payment; those that came back have refunds; some tries failed.
_PAYMENTS = """
with charged as (
    select orders.*, refunds.amount as refund_amount,
        case when abs(hashtext(orders.id::text)) %% 4 = 0 then 'paypal' else 'credit_card' end as code
    from orders left join (
        select order_id, sum(refund_amount) as amount from order_returns
        where company_id = %(company)s and status = 'refunded' group by order_id
    ) as refunds on refunds.order_id = orders.id
    where orders.company_id = %(company)s and orders.total_amount > 0
    and orders.payment_status in ('paid', 'partly_refunded', 'refunded')
),
paid as (
    insert into payments (company_id, transaction_number, source_id, customer_id, payment_method_id, provider,
        currency, amount, authorised_amount, captured_amount, refunded_amount, status, payment_status,
        attempts, authorised_at, paid_at, created_at)
    select charged.company_id, 'TXN-' || charged.order_number, charged.id, charged.customer_id,
        payment_methods.id, 'local', charged.currency, total_amount, total_amount, total_amount,
        least(coalesce(refund_amount, 0), total_amount), 'succeeded', charged.payment_status, 1,
        placed_at + interval '1 minute', placed_at + interval '2 minutes', placed_at
    from charged join payment_methods
    on payment_methods.company_id = charged.company_id and payment_methods.code = charged.code
    returning id, source_id, amount, captured_amount, refunded_amount
)
insert into payment_allocations (company_id, payment_id, order_id, shop_id, amount, captured_amount,
    refund_reserved_amount, refunded_amount, created_at)
select orders.company_id, paid.id, orders.id, orders.shop_id, paid.amount, paid.captured_amount,
    paid.refunded_amount, paid.refunded_amount, orders.placed_at
from paid join orders on orders.company_id = %(company)s and orders.id = paid.source_id
"""
_REFUNDS = """
insert into payment_refunds (company_id, payment_id, order_id, key, amount, currency, reason, status,
    processed_at, created_at)
select allocations.company_id, allocations.payment_id, allocations.order_id, 'R-' || returns.id,
    least(returns.refund_amount, allocations.captured_amount), payments.currency, returns.reason, 'succeeded',
    returns.returned_at + interval '1 hour', returns.returned_at
from order_returns as returns
join payment_allocations as allocations
    on allocations.company_id = returns.company_id and allocations.order_id = returns.order_id
join payments on payments.company_id = allocations.company_id and payments.id = allocations.payment_id
where returns.company_id = %(company)s and returns.status = 'refunded' and returns.refund_amount > 0
"""
# Each failed twice, and the order was paid otherwise.
_FAILED_PAYMENTS = """
with failed as (
    insert into payments (company_id, transaction_number, source_id, payment_method_id, provider, currency,
        amount, status, payment_status, failure_code, attempts, failed_at, created_at)
    select orders.company_id, 'TXN-F-' || orders.order_number, uuidv7(), payment_methods.id, 'local',
        orders.currency, orders.total_amount, 'failed', 'failed', 'card_declined', 2, orders.placed_at,
        orders.placed_at
    from orders join payment_methods
        on payment_methods.company_id = orders.company_id and payment_methods.code = 'credit_card'
    where orders.company_id = %(company)s and orders.total_amount > 0
    and abs(hashtext(orders.id::text)) %% 37 = 0
    returning id, transaction_number, amount, created_at
),
told as (
    insert into payment_history (company_id, payment_id, from_status, to_status, occurred_at)
    select %(company)s, id, 'unpaid', 'failed', created_at from failed cross join generate_series(1, 2)
)
insert into payment_allocations (company_id, payment_id, order_id, shop_id, amount, created_at)
select orders.company_id, failed.id, orders.id, orders.shop_id, failed.amount, failed.created_at
from failed join orders
on orders.company_id = %(company)s and failed.transaction_number = 'TXN-F-' || orders.order_number
"""
# Carts of the last ten weeks: those that became orders, and those that were left.
_CARTS = """
with recent as (
    select orders.*, abs(hashtext(orders.id::text)) %% 2 = 0 and row_number() over (
        partition by customer_id order by placed_at desc) = 1 as is_left from orders
    where company_id = %(company)s and customer_id is not null
    and placed_at > now() - interval '70 days'
),
made as (
    insert into carts (company_id, id, customer_id, status, last_activity_at, expires_at, abandoned_at,
        converted_at, created_at)
    select company_id, id, customer_id, case when is_left then 'abandoned' else 'converted' end,
        placed_at, placed_at + interval '7 days',
        case when is_left then placed_at + interval '1 day' end, case when not is_left then placed_at end,
        placed_at - interval '20 minutes'
    from recent returning id
)
insert into cart_lines (company_id, cart_id, shop_id, variant_id, quantity_units, added_unit_price_amount,
    unit_price_amount, added_at)
select lines.company_id, made.id, recent.shop_id, lines.variant_id, lines.quantity_units,
    lines.unit_price_amount, lines.unit_price_amount, recent.placed_at - interval '10 minutes'
from made join recent on recent.id = made.id
join order_lines as lines on lines.company_id = %(company)s and lines.order_id = made.id
"""
_VIEWS = """
insert into product_views (company_id, product_id, shop_id, customer_id, session_key, viewed_at,
    duration_seconds, source)
select lines.company_id, variants.product_id, orders.shop_id, orders.customer_id,
    case when orders.customer_id is null then 'guest-' || orders.id end,
    orders.placed_at - visit * interval '7 minutes', 5 + visit * 12.5,
    (array['search', 'category', 'recommendation'])[1 + abs(hashtext(lines.id::text)) %% 3]
from order_lines as lines
join orders on orders.company_id = lines.company_id and orders.id = lines.order_id
join variants on variants.company_id = lines.company_id and variants.id = lines.variant_id
cross join generate_series(1, 3) as visit
where lines.company_id = %(company)s and orders.placed_at > now() - interval '70 days'
"""
_TRANSFERS = """
with places as (
    select
        (select id from locations where company_id = %(company)s and code = 'HALLE') as hall,
        (select id from locations where company_id = %(company)s and code = 'MITTE') as shop
),
goods as (
    select stock_levels.variant_id, row_number() over (order by on_hand_units desc, variant_id) as place
    from stock_levels, places where company_id = %(company)s and location_id = places.hall
    and on_hand_units - reserved_units > 5 order by 2 limit 2
),
sent as (
    insert into stock_transfers (company_id, transfer_number, from_location_id, to_location_id, status,
        sent_at, closed_at)
    select %(company)s, 'TR-' || number, hall, shop,
        case number when 1 then 'received' else 'sent' end, now() - number * interval '3 days',
        case number when 1 then now() - interval '2 days' end
    from places cross join generate_series(1, 2) as number
    returning id, transfer_number
),
lines as (
    insert into stock_transfer_lines (company_id, transfer_id, variant_id, line_number, units, received_units)
    select %(company)s, sent.id, goods.variant_id, 1, 3, case place when 1 then 3 else 0 end
    from sent join goods on sent.transfer_number = 'TR-' || goods.place
    returning transfer_id, variant_id, received_units
)
insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason, reference_type,
    reference_id, occurred_at)
select %(company)s, case move.reason when 'transfer_out' then hall else shop end, lines.variant_id,
    move.units, move.reason, 'stock_transfer', lines.transfer_id, now() - move.ago * interval '1 hour'
from lines cross join places
cross join (values ('transfer_out', -3, 70), ('transfer_in', 3, 48)) as move (reason, units, ago)
where move.reason = 'transfer_out' or lines.received_units = 3
"""
_BESIDE = (
    _TREE, _BRANDS, _PARTLY_CANCELLED, _COST_UNKNOWN, _COUPON, _METHODS, _PAYMENTS, _REFUNDS,
    _FAILED_PAYMENTS, _CARTS, _VIEWS, _TRANSFERS,
)  # fmt: skip


def query(shop: MeasuredShop, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Ask the shop's PostgreSQL past row-level security, with its company and zone."""
    with shop.database.connect("owner") as owner:
        owner.execute("set timezone = 'UTC'")
        return owner.execute(sql, {"company": shop.company_id, "zone": TIME_ZONE, **values}).fetchall()
