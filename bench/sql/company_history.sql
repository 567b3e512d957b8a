-- Two years of one company, for `bench/company_history.py`: what each table of PostgreSQL gets, as a view of
-- that name. Four lines an order on average, of a long tail of variants, to a long tail of customers.
-- Variables: first_us and end_us (the span, in microseconds since 1970), orders, customers, suppliers.
-- `variants` (place, id, product_id, sku, name, price, cost), `shops` and `places` (number, id) are there.

-- The same for the same n: one of `among`, evenly.
create macro pick(n, what, among) as (hash(n, what) % among)::bigint;

-- A key as PostgreSQL makes them: the instant in front, so that what came together lies together.
create macro key_of(instant, what, n) as (
    substr(format('{:012x}', epoch_ms(instant)), 1, 8) || '-' || substr(format('{:012x}', epoch_ms(instant)), 9)
    || '-7' || substr(md5(what || n), 1, 3) || '-8' || substr(md5(what || n), 4, 3) || '-'
    || substr(md5(what || n), 7, 12)
);

create macro days_before_end(instant) as (getvariable('end_us') - epoch_us(instant)) / 86400000000;

-- More orders a day towards the end. One in five is a guest's.
create table placed as
with instants as (
    select
        n,
        make_timestamptz(
            getvariable('first_us')
            + ((getvariable('end_us') - getvariable('first_us')) * pow((n + 0.5) / getvariable('orders'), 0.8))::bigint
        ) as placed_at
    from range(getvariable('orders')) as numbers (n)
),
known as (
    select
        *,
        key_of(placed_at, 'order', n) as id,
        case
            when pick(n, 'guest', 5) > 0
                then (getvariable('customers') * pow(pick(n, 'customer', 1000000) / 1000000, 2))::bigint
                    % getvariable('customers')
        end as customer_number,
        pick(n, 'shop', 3) as shop_number,
        1 + (n * 5) % 7 as lines_count,
        pick(n, 'coupon', 10) = 0 as has_coupon,
        case
            when pick(n, 'cancelled', 100) < 3 then 'cancelled'
            when days_before_end(placed_at) < 1 then 'confirmed'
            when days_before_end(placed_at) < 3 then 'processing'
            when days_before_end(placed_at) < 6 then 'shipped'
            when days_before_end(placed_at) < 20 then 'delivered'
            else 'completed'
        end as status
    from instants
)
select *, status in ('shipped', 'delivered', 'completed') as is_shipped from known;

create table lines as
with numbered as (
    select *, unnest(range(1, lines_count + 1)) as line_number from placed
),
chosen as (
    select
        *,
        n * 8 + line_number as line,
        ((select count(*) from variants) * pow(pick(n * 8 + line_number, 'variant', 1000000) / 1000000, 3))::bigint
            % (select count(*) from variants) as place,
        1 + pick(n * 8 + line_number, 'units', 10) // 7 + pick(n * 8 + line_number, 'many', 20) // 19 * 5 as units
    from numbered
),
priced as (
    select
        chosen.*,
        key_of(chosen.placed_at, 'line', chosen.line) as line_id,
        variants.id as variant_id,
        variants.sku,
        variants.name,
        variants.price,
        variants.cost,
        places.id as location_id,
        round(variants.price * chosen.units, 2)::decimal(14, 2) as line_amount,
        chosen.status = 'completed' and days_before_end(chosen.placed_at) > 30
        and pick(chosen.line, 'returned', 100) < 4 as is_returned
    from chosen
    inner join variants on chosen.place = variants.place
    inner join places on chosen.shop_number % 2 = places.number
),
discounted as (
    select
        *,
        case when has_coupon then round(line_amount * 0.1, 2)::decimal(14, 2) else 0 end as discount_amount
    from priced
)
select
    *,
    (line_amount - discount_amount)::decimal(14, 2) as net_amount,
    round((line_amount - discount_amount) * 0.19, 2)::decimal(14, 2) as tax_amount
from discounted;

create table order_sums as
select
    n,
    sum(line_amount) as subtotal_amount,
    sum(discount_amount) as discount_amount,
    sum(tax_amount) as tax_amount,
    case when sum(line_amount) < 50 then 4.90 else 0 end::decimal(14, 2) as shipping_amount,
    coalesce(sum(net_amount + tax_amount) filter (where is_returned), 0) as refunded_amount
from lines
group by n;

create view customers as
select
    key_of(make_timestamptz(getvariable('first_us')), 'customer', number) as id,
    'customer' || number || '@bench.example' as email,
    ['DE', 'AT', 'FR', 'NL'][1 + pick(number, 'country', 4)] as country,
    make_timestamptz(getvariable('first_us')) as created_at
from range(getvariable('customers')) as numbers (number);

create view paid as
select
    placed.*,
    order_sums.* exclude (n),
    (
        subtotal_amount - order_sums.discount_amount + order_sums.tax_amount + order_sums.shipping_amount
    )::decimal(14, 2) as total_amount,
    case
        when status = 'cancelled' then 'voided'
        when refunded_amount > 0 then 'partly_refunded'
        else 'paid'
    end as payment_status,
    case
        when customer_number is not null
            then key_of(make_timestamptz(getvariable('first_us')), 'customer', customer_number)
    end as customer_id,
    shops.id as shop_id
from placed
inner join order_sums on placed.n = order_sums.n
inner join shops on placed.shop_number = shops.number;

create view orders as
select
    id,
    'B-' || lpad(n::varchar, 9, '0') as order_number,
    shop_id,
    customer_id,
    case when customer_id is null then 'guest' else 'customer' end as placed_by,
    status,
    payment_status,
    'EUR' as currency,
    subtotal_amount,
    tax_amount,
    shipping_amount,
    discount_amount,
    total_amount,
    case when has_coupon then 'WELCOME10' end as coupon_code,
    n::varchar as external_code,
    placed_at,
    case when is_shipped then placed_at + interval 2 day end as shipped_at,
    case when status in ('delivered', 'completed') then placed_at + interval 5 day end as delivered_at,
    case when status = 'completed' then placed_at + interval 19 day end as completed_at,
    case when status = 'cancelled' then placed_at + interval 1 minute end as cancelled_at,
    placed_at as created_at
from paid;

create view order_lines as
select
    line_id as id,
    id as order_id,
    variant_id,
    line_number,
    sku,
    name as product_name,
    units as quantity_units,
    price as unit_price_amount,
    cost as unit_cost_amount,
    line_amount,
    discount_amount,
    0.19 as tax_rate,
    net_amount,
    tax_amount,
    net_amount + tax_amount as gross_amount,
    case when is_shipped then units else 0 end as fulfilled_units,
    case when status = 'cancelled' then units else 0 end as cancelled_units,
    case when is_returned then units else 0 end as returned_units,
    placed_at as created_at
from lines;

-- What came back came back together, twelve days after the order.
create view order_returns as
select
    key_of(any_value(placed_at) + interval 12 day, 'return', n) as id,
    any_value(id) as order_id,
    case
        when any_value(customer_number) is not null
            then key_of(make_timestamptz(getvariable('first_us')), 'customer', any_value(customer_number))
    end as customer_id,
    any_value(shops.shop_id) as shop_id,
    'refunded' as status,
    'Wrong size' as reason,
    sum(net_amount + tax_amount) as refund_amount,
    any_value(placed_at) + interval 12 day as returned_at,
    any_value(placed_at) + interval 12 day as created_at
from lines
inner join (select number, id as shop_id from shops) as shops on lines.shop_number = shops.number
where is_returned
group by n;

create view order_return_lines as
select
    key_of(placed_at + interval 12 day, 'return line', line) as id,
    key_of(placed_at + interval 12 day, 'return', n) as order_return_id,
    line_id as order_line_id,
    variant_id,
    units as quantity_units,
    price as unit_price_amount,
    net_amount + tax_amount as refund_amount,
    'restocked' as disposition,
    placed_at + interval 12 day as created_at
from lines
where is_returned;

create view payments as
select
    key_of(placed_at, 'payment', n) as id,
    'T-' || lpad(n::varchar, 9, '0') as transaction_number,
    key_of(placed_at, 'payment source', n) as source_id,
    customer_id,
    (select id from payment_method) as payment_method_id,
    'local' as provider,
    'EUR' as currency,
    total_amount as amount,
    total_amount as authorised_amount,
    total_amount as captured_amount,
    refunded_amount,
    'succeeded' as status,
    payment_status,
    placed_at as authorised_at,
    placed_at as paid_at,
    case when refunded_amount > 0 then placed_at + interval 12 day end as refunded_at,
    placed_at as created_at
from paid
where status <> 'cancelled';

create view payment_allocations as
select
    key_of(placed_at, 'allocation', n) as id,
    key_of(placed_at, 'payment', n) as payment_id,
    id as order_id,
    shop_id,
    total_amount as amount,
    total_amount as captured_amount,
    refunded_amount as refund_reserved_amount,
    refunded_amount,
    placed_at as created_at
from paid
where status <> 'cancelled';

create view payment_refunds as
select
    key_of(placed_at + interval 12 day, 'refund', n) as id,
    key_of(placed_at, 'payment', n) as payment_id,
    id as order_id,
    'return-' || n as key,
    refunded_amount as amount,
    'EUR' as currency,
    'succeeded' as status,
    placed_at + interval 12 day as processed_at,
    placed_at + interval 12 day as created_at
from paid
where refunded_amount > 0;

-- Each supplier delivers every four weeks what the next four take, so that stock is gone at their end.
create table deliveries as
with shipped as (
    select
        location_id,
        variant_id,
        any_value(place) as place,
        any_value(cost) as cost,
        (epoch_us(placed_at + interval 2 day) - getvariable('first_us')) // (28 * 86400000000) as period,
        sum(units) as units
    from lines
    where is_shipped
    group by location_id, variant_id, period
),
received as (
    select *, true as is_received from shipped
    union all
    -- What is on its way: the last period's once more.
    select * replace (period + 1 as period), false as is_received
    from shipped
    where period = (select max(period) from shipped)
),
dated as (
    select
        *,
        place % getvariable('suppliers') as supplier_number,
        make_timestamptz(getvariable('first_us') + period::bigint * 28 * 86400000000) as received_at
    from received
)
select
    *,
    received_at - to_days((5 + supplier_number % 10)::integer) as sent_at,
    location_id || '/' || supplier_number || '/' || period as restock,
    location_id || '/' || variant_id || '/' || period as restock_line
from dated;

create view suppliers as
select
    key_of(make_timestamptz(getvariable('first_us')), 'supplier', number) as id,
    'S-' || number as code,
    'Supplier ' || number as name,
    'EUR' as currency,
    5 + number % 10 as quoted_lead_time_days
from range(getvariable('suppliers')) as numbers (number);

create view product_suppliers as
select
    key_of(make_timestamptz(getvariable('first_us')), 'terms', place) as id,
    key_of(make_timestamptz(getvariable('first_us')), 'supplier', place % getvariable('suppliers')) as supplier_id,
    id as variant_id,
    cost as unit_cost_amount,
    'EUR' as currency,
    true as is_preferred
from variants;

create view restock_orders as
select
    key_of(any_value(sent_at), 'restock', restock) as id,
    'R-' || restock as restock_number,
    key_of(make_timestamptz(getvariable('first_us')), 'supplier', any_value(supplier_number)) as supplier_id,
    any_value(location_id) as location_id,
    case when bool_and(is_received) then 'received' else 'sent' end as status,
    'EUR' as currency,
    sum(round(units * cost, 2)) as total_amount,
    sum(round(units * cost, 2)) as total_company_amount,
    any_value(received_at)::date as expected_date,
    any_value(sent_at) as approved_at,
    any_value(sent_at) as sent_at,
    case when bool_and(is_received) then any_value(received_at) end as closed_at,
    any_value(sent_at) as created_at
from deliveries
group by restock;

create view restock_order_lines as
select
    key_of(sent_at, 'restock line', restock_line) as id,
    key_of(sent_at, 'restock', restock) as restock_order_id,
    variant_id,
    row_number() over (partition by restock order by variant_id) as line_number,
    units as ordered_units,
    case when is_received then units else 0 end as received_units,
    cost as unit_cost_amount,
    round(units * cost, 2) as line_amount,
    sent_at as created_at
from deliveries;

create view receipts as
select distinct
    key_of(received_at, 'receipt', restock) as id,
    key_of(sent_at, 'restock', restock) as restock_order_id,
    location_id,
    received_at,
    received_at as created_at
from deliveries
where is_received;

create view receipt_lines as
select
    key_of(received_at, 'receipt line', restock_line) as id,
    key_of(received_at, 'receipt', restock) as receipt_id,
    key_of(sent_at, 'restock line', restock_line) as restock_order_line_id,
    variant_id,
    units as received_units,
    cost as unit_cost_amount,
    received_at as created_at
from deliveries
where is_received;

create view stock_ledger as
select
    key_of(placed_at + interval 2 day, 'sale', line) as id,
    location_id,
    variant_id,
    -units as delta_units,
    'sale' as reason,
    'order' as reference_type,
    id as reference_id,
    cost as unit_cost_amount,
    placed_at + interval 2 day as occurred_at,
    placed_at + interval 2 day as created_at
from lines
where is_shipped
union all
select
    key_of(placed_at + interval 12 day, 'back', line) as id,
    location_id,
    variant_id,
    units as delta_units,
    'return' as reason,
    'order_return' as reference_type,
    key_of(placed_at + interval 12 day, 'return', n) as reference_id,
    cost as unit_cost_amount,
    placed_at + interval 12 day as occurred_at,
    placed_at + interval 12 day as created_at
from lines
where is_returned
union all
select
    key_of(received_at, 'received', restock_line) as id,
    location_id,
    variant_id,
    units as delta_units,
    'receipt' as reason,
    'receipt' as reference_type,
    key_of(received_at, 'receipt', restock) as reference_id,
    cost as unit_cost_amount,
    received_at as occurred_at,
    received_at as created_at
from deliveries
where is_received;

create view reservations as
select
    key_of(placed_at, 'reservation', line) as id,
    location_id,
    variant_id,
    'order' as owner_type,
    id as owner_id,
    line_id as owner_line_id,
    units as reserved_units,
    units as shortfall_units,
    placed_at as created_at
from lines
where status in ('confirmed', 'processing');

-- Each order was looked at twice, by somebody who may be known.
create view product_views as
select
    key_of(placed_at, 'view', line) as id,
    variants.product_id,
    shops.id as shop_id,
    'session ' || n as session_key,
    placed_at as viewed_at,
    'search' as source,
    placed_at as created_at
from lines
inner join variants on lines.place = variants.place
inner join shops on lines.shop_number = shops.number
where lines.line_number <= 2;
