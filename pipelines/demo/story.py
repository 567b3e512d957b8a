"""What the demo's data tells, read back from the database so that every sentence is true there."""

from typing import Any, LiteralString

from core.postgres.connect import Connection
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.master_rows import storefront_key
from pipelines.demo.report import DemoCompany, DemoShop, StoryFact

_SEASON: LiteralString = """
with by_month as (
    select
        product.name,
        min(variant.sku) as sku,
        extract(month from orders.placed_at at time zone %(timezone)s)::int as month,
        sum(line.quantity_units) as units
    from order_lines as line
    join orders on orders.company_id = line.company_id and orders.id = line.order_id
    join variants as variant on variant.company_id = line.company_id and variant.id = line.variant_id
    join products as product on product.company_id = variant.company_id and product.id = variant.product_id
    where orders.status <> 'cancelled'
    group by product.name, month
),
shares as (
    select name, min(sku) over (partition by name) as sku, month, units,
        sum(units) over (partition by name) as all_units
    from by_month
)
select name, sku, to_char(to_date(month::text, 'MM'), 'FMMonth') as month,
    round(100.0 * units / all_units)::int as percent, all_units::int as units
from shares where all_units >= 200 order by units::numeric / all_units desc, sku limit 1
"""

_PROMOTION: LiteralString = """
with horizon as (
    select max(placed_at) as moment from orders
),
changes as (
    select variant_id, unit_price_amount, regular_price_amount, valid_from, reason,
        lead(valid_from) over (partition by variant_id order by valid_from) as valid_to
    from price_history
),
begun as (
    select changes.* from changes cross join horizon
    where changes.reason = 'Promotion' and changes.valid_from > horizon.moment - interval '60 days'
    and changes.valid_to < horizon.moment
),
recent_lines as materialized (
    select line.variant_id, line.quantity_units, orders.placed_at
    from order_lines as line
    join orders on orders.company_id = line.company_id and orders.id = line.order_id
    cross join horizon
    where orders.placed_at > horizon.moment - interval '120 days' and orders.status <> 'cancelled'
),
sold as (
    select
        begun.variant_id, begun.unit_price_amount, begun.regular_price_amount, begun.valid_from,
        begun.valid_to,
        sum(line.quantity_units) filter (where line.placed_at >= begun.valid_from) as units_during,
        sum(line.quantity_units) filter (where line.placed_at < begun.valid_from) as units_before
    from begun
    join recent_lines as line on line.variant_id = begun.variant_id
    where line.placed_at >= begun.valid_from - (begun.valid_to - begun.valid_from)
    and line.placed_at < begun.valid_to
    group by
        begun.variant_id, begun.unit_price_amount, begun.regular_price_amount, begun.valid_from,
        begun.valid_to
)
select
    product.name, variant.sku, sold.units_during::int as units_during,
    sold.units_before::int as units_before,
    (sold.valid_from at time zone %(timezone)s)::date as first_date,
    (sold.valid_to at time zone %(timezone)s)::date - 1 as last_date,
    round(100 * (1 - sold.unit_price_amount / sold.regular_price_amount))::int as percent
from sold
join variants as variant on variant.id = sold.variant_id
join products as product on product.company_id = variant.company_id and product.id = variant.product_id
where sold.units_before > 0 and sold.units_during > sold.units_before
order by sold.units_during - sold.units_before desc, variant.sku limit 1
"""

_STOCK_OUT: LiteralString = """
select product.name || coalesce(' ' || variant.name, '') as name, variant.sku, location.name as location,
    (max(ledger.occurred_at) at time zone %(timezone)s)::date as since_date,
    sum(-ledger.delta_units) filter (
        where ledger.reason = 'sale' and ledger.occurred_at > now_at.moment - interval '180 days'
    )::int as units
from stock_levels as level
join stock_ledger as ledger
    on ledger.company_id = level.company_id and ledger.location_id = level.location_id
    and ledger.variant_id = level.variant_id
join variants as variant on variant.company_id = level.company_id and variant.id = level.variant_id
join products as product on product.company_id = variant.company_id and product.id = variant.product_id
join locations as location on location.company_id = level.company_id and location.id = level.location_id
cross join (select max(placed_at) as moment from orders) as now_at
where level.on_hand_units = 0
group by product.name, variant.name, variant.sku, location.name, now_at.moment
having max(ledger.occurred_at) < now_at.moment - interval '4 days'
order by units desc nulls last, sku limit 1
"""

_LATE_SUPPLIER: LiteralString = """
select supplier.name, restock.restock_number as number, restock.expected_date,
    (select (max(placed_at) at time zone %(timezone)s)::date from orders) - restock.expected_date as days,
    (
        select sum(line.ordered_units - line.received_units)::int from restock_order_lines as line
        where line.company_id = restock.company_id and line.restock_order_id = restock.id
    ) as units
from restock_orders as restock
join suppliers as supplier on supplier.company_id = restock.company_id and supplier.id = restock.supplier_id
where restock.status in ('sent', 'partly_received')
order by restock.expected_date, number limit 1
"""

_DEAD_ITEM: LiteralString = """
select product.name, variant.sku, sum(level.on_hand_units)::int as units,
    (
        select (max(orders.placed_at) at time zone %(timezone)s)::date from order_lines as line
        join orders on orders.company_id = line.company_id and orders.id = line.order_id
        where line.company_id = variant.company_id and line.variant_id = variant.id
    ) as last_date,
    round(sum(level.on_hand_units) * coalesce(variant.cost_amount, product.cost_amount), 2) as amount
from variants as variant
join products as product on product.company_id = variant.company_id and product.id = variant.product_id
join stock_levels as level on level.company_id = variant.company_id and level.variant_id = variant.id
group by variant.company_id, variant.id, product.name, variant.sku, variant.cost_amount, product.cost_amount
having sum(level.on_hand_units) > 0
order by last_date, sku limit 1
"""

_NEW_ITEM: LiteralString = """
select product.name, min(variant.sku) as sku,
    (product.published_at at time zone %(timezone)s)::date as first_date,
    sum(line.quantity_units)::int as units
from products as product
join variants as variant on variant.company_id = product.company_id and variant.product_id = product.id
join order_lines as line on line.company_id = variant.company_id and line.variant_id = variant.id
where product.is_new_arrival
group by product.name, product.published_at order by product.published_at desc, sku limit 1
"""

_RETURNED_ORDER: LiteralString = """
select orders.order_number as number, min(line.product_name) as name, back.reason,
    (back.returned_at at time zone %(timezone)s)::date as returned_date, back.refund_amount as amount
from order_returns as back
join orders on orders.company_id = back.company_id and orders.id = back.order_id
join order_return_lines as back_line
    on back_line.company_id = back.company_id and back_line.order_return_id = back.id
join order_lines as line on line.company_id = back_line.company_id and line.id = back_line.order_line_id
where orders.status = 'returned' and back.reason is not null
group by back.id, orders.order_number, back.reason, back.returned_at, back.refund_amount
order by back.returned_at desc, number limit 1
"""

_BEST_IN_STOCK: LiteralString = """
select variant.sku
from stock_levels as level
join locations as location on location.company_id = level.company_id and location.id = level.location_id
join variants as variant on variant.company_id = level.company_id and variant.id = level.variant_id
where location.kind = 'warehouse' and level.available_units > level.low_stock_threshold_units
order by level.low_stock_threshold_units desc, variant.sku limit 1
"""

_SENTENCES: dict[str, tuple[LiteralString, str, str]] = {
    "season": (
        _SEASON,
        "sku",
        "{name} is seasonal: {percent} % of what it sold in two years went in {month}.",
    ),
    "promotion": (
        _PROMOTION,
        "sku",
        "{name} was {percent} % off from {first_date} to {last_date}: {units_during} units sold, "
        "{units_before} in as many days before.",
    ),
    "stock_out": (
        _STOCK_OUT,
        "sku",
        "{name} has been out of stock at {location} since {since_date}, after selling {units} units "
        "in half a year.",
    ),
    "late_supplier": (
        _LATE_SUPPLIER,
        "number",
        "{name} is late: {number} was due on {expected_date}, {days} days ago, "
        "and {units} units are missing.",
    ),
    "dead_item": (
        _DEAD_ITEM,
        "sku",
        "{name} last sold on {last_date}; {units} units lie there, worth {amount} {currency} at cost.",
    ),
    "new_item": (_NEW_ITEM, "sku", "{name} is new since {first_date} and has sold {units} units."),
    "returned_order": (
        _RETURNED_ORDER,
        "number",
        "Order {number} came back on {returned_date} ({reason}): {amount} {currency} refunded for {name}.",
    ),
}


def tell_story(connection: Connection, plan: CompanyPlan) -> list[StoryFact]:
    """Return what is worth seeing in the bound company; a kind that the data does not hold is left out."""
    facts = []
    for kind, (query, subject, sentence) in _SENTENCES.items():
        row = _first_row(connection, query, {"timezone": plan.timezone})
        if row is None:
            continue
        text = {name: str(value) for name, value in row.items()} | {"currency": plan.currency}
        facts.append(
            StoryFact(kind, plan.slug, text[subject], text["name"], sentence.format(**text), figures=text)
        )
    return facts


def describe_company(connection: Connection, plan: CompanyPlan, company_id: str) -> DemoCompany:
    """Count what the bound company has."""
    counts = _first_row(
        connection,
        "select count(*)::int as orders, (min(placed_at) at time zone %(timezone)s)::date as first_date,"
        " (max(placed_at) at time zone %(timezone)s)::date as last_date,"
        " (select count(*)::int from order_lines) as lines from orders",
        {"timezone": plan.timezone},
    )
    assert counts is not None
    shop_ids: dict[str, str] = dict(connection.execute("select slug, id::text from shops").fetchall())
    best = _first_row(connection, _BEST_IN_STOCK, {})
    assert best is not None
    return DemoCompany(
        company_id=company_id,
        slug=plan.slug,
        name=plan.name,
        currency=plan.currency,
        timezone=plan.timezone,
        shops=tuple(
            DemoShop(shop_ids[shop.slug], shop.name, shop.slug, shop.is_online, storefront_key(plan, shop))
            for shop in plan.shops
        ),
        in_stock_sku=best["sku"],
        orders_count=counts["orders"],
        order_lines_count=counts["lines"],
        first_date=counts["first_date"],
        last_date=counts["last_date"],
    )


def _first_row(connection: Connection, query: LiteralString, values: dict[str, str]) -> dict[str, Any] | None:
    cursor = connection.execute(query, values)
    row = cursor.fetchone()
    if row is None or cursor.description is None:
        return None
    return dict(zip([column.name for column in cursor.description], row, strict=True))
