-- Shipments, tracking, cancellations, returns, invoices.
alter table orders add column expired_at timestamptz;
create index ix_orders_delivered on orders (delivered_at) where status = 'delivered';

alter table order_lines
add column delivered_units integer default 0 not null;
-- What an order that has arrived sent has arrived.
update order_lines set delivered_units = fulfilled_units
from orders
where orders.company_id = order_lines.company_id and orders.id = order_lines.order_id
and orders.status in ('delivered', 'completed', 'returned', 'refunded') and order_lines.fulfilled_units > 0;
alter table order_lines
add constraint ck_order_lines_delivered_were_fulfilled check (delivered_units <= fulfilled_units);

alter table order_history
add column change text default 'status' not null,
add constraint ck_order_history_change_known check (
    change in ('status', 'note', 'cancellation', 'shipment', 'delivery', 'return', 'payment')
);

alter table order_returns
add column requested_by uuid,
add column requested_at timestamptz,
add column decided_by uuid,
add column decided_at timestamptz,
add column decision_note text,
add column location_id uuid,
add column received_by uuid,
add column received_at timestamptz,
add column refunded_by uuid,
add column refunded_at timestamptz,
add column refunded_amount numeric(14, 2),
add column refund_id uuid,
add constraint fk_order_returns_company_id_location_id foreign key (company_id, location_id)
references locations (company_id, id),
add constraint ck_order_returns_refunded_at_most_paid check (refunded_amount between 0 and refund_amount);
create index ix_order_returns_company_id_status on order_returns (company_id, status);
alter table order_return_lines
add column net_refund_amount numeric(14, 2),
add column reason text;

create table order_cancellations (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    order_id uuid not null,
    reason text,
    currency char(3) not null,
    goods_amount numeric(14, 2) not null,
    shipping_amount numeric(14, 2) not null,
    total_amount numeric(14, 2) not null,
    refund_id uuid,
    cancelled_by uuid,
    occurred_at timestamptz not null,
    created_at timestamptz default now() not null,
    row_xid xid8 default pg_current_xact_id() not null,
    constraint pk_order_cancellations primary key (company_id, id),
    constraint fk_order_cancellations_company_id_order_id foreign key (company_id, order_id) references orders (company_id, id),
    constraint ck_order_cancellations_total_adds_up check (total_amount = goods_amount + shipping_amount),
    constraint ck_order_cancellations_amounts_not_negative check (goods_amount >= 0 and shipping_amount >= 0)
);
create index ix_order_cancellations_company_id_order_id on order_cancellations (company_id, order_id);
create index ix_order_cancellations_row_xid on order_cancellations (row_xid);

create table order_cancellation_lines (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    order_cancellation_id uuid not null,
    order_line_id uuid not null,
    quantity_units integer not null,
    amount numeric(14, 2) not null,
    created_at timestamptz default now() not null,
    row_xid xid8 default pg_current_xact_id() not null,
    constraint pk_order_cancellation_lines primary key (company_id, id),
    constraint fk_order_cancellation_lines_company_id_order_cancellation_id foreign key (company_id, order_cancellation_id) references order_cancellations (company_id, id),
    constraint fk_order_cancellation_lines_company_id_order_line_id foreign key (company_id, order_line_id) references order_lines (company_id, id),
    constraint uq_order_cancellation_lines_company_id_order_cancellati_179f unique (company_id, order_cancellation_id, order_line_id),
    constraint ck_order_cancellation_lines_quantity_positive check (quantity_units > 0),
    constraint ck_order_cancellation_lines_amount_not_negative check (amount >= 0)
);
create index ix_order_cancellation_lines_company_id_order_cancellation_id on order_cancellation_lines (company_id, order_cancellation_id);
create index ix_order_cancellation_lines_company_id_order_line_id on order_cancellation_lines (company_id, order_line_id);
create index ix_order_cancellation_lines_row_xid on order_cancellation_lines (row_xid);

create table shipments (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    order_id uuid not null,
    location_id uuid not null,
    shipment_number text not null,
    status text default 'shipped' not null,
    carrier text,
    tracking_number text,
    tracking_url text,
    estimated_delivery_at timestamptz,
    shipped_at timestamptz not null,
    delivered_at timestamptz,
    note text,
    created_by uuid,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    row_xid xid8 default pg_current_xact_id() not null,
    constraint pk_shipments primary key (company_id, id),
    constraint fk_shipments_company_id_order_id foreign key (company_id, order_id) references orders (company_id, id),
    constraint fk_shipments_company_id_location_id foreign key (company_id, location_id) references locations (company_id, id),
    constraint uq_shipments_company_id_shipment_number unique (company_id, shipment_number),
    constraint ck_shipments_status_known check (status in ('shipped', 'delivered')),
    constraint ck_shipments_delivered_has_time check ((status = 'delivered') = (delivered_at is not null))
);
create index ix_shipments_company_id_order_id on shipments (company_id, order_id);
create index ix_shipments_company_id_tracking_number on shipments (company_id, tracking_number);
create index ix_shipments_row_xid on shipments (row_xid);

create table shipment_lines (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    shipment_id uuid not null,
    order_line_id uuid not null,
    variant_id uuid not null,
    quantity_units integer not null,
    created_at timestamptz default now() not null,
    row_xid xid8 default pg_current_xact_id() not null,
    constraint pk_shipment_lines primary key (company_id, id),
    constraint fk_shipment_lines_company_id_shipment_id foreign key (company_id, shipment_id) references shipments (company_id, id),
    constraint fk_shipment_lines_company_id_order_line_id foreign key (company_id, order_line_id) references order_lines (company_id, id),
    constraint fk_shipment_lines_company_id_variant_id foreign key (company_id, variant_id) references variants (company_id, id),
    constraint uq_shipment_lines_company_id_shipment_id_order_line_id unique (company_id, shipment_id, order_line_id),
    constraint ck_shipment_lines_quantity_positive check (quantity_units > 0)
);
create index ix_shipment_lines_company_id_order_line_id on shipment_lines (company_id, order_line_id);
create index ix_shipment_lines_row_xid on shipment_lines (row_xid);

create table shipment_events (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    shipment_id uuid not null,
    status text not null,
    location text,
    description text,
    occurred_at timestamptz not null,
    reported_by uuid,
    created_at timestamptz default now() not null,
    row_xid xid8 default pg_current_xact_id() not null,
    constraint pk_shipment_events primary key (company_id, id),
    constraint fk_shipment_events_company_id_shipment_id foreign key (company_id, shipment_id) references shipments (company_id, id),
    constraint ck_shipment_events_status_known check (status in ('label_created', 'picked_up', 'in_transit', 'out_for_delivery', 'delivery_failed', 'delivered', 'returned_to_sender', 'exception'))
);
create index ix_shipment_events_company_id_shipment_id on shipment_events (company_id, shipment_id);
create index ix_shipment_events_row_xid on shipment_events (row_xid);

create table invoice_requests (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    order_id uuid not null,
    kind text not null,
    source_id uuid not null,
    document jsonb not null,
    requested_at timestamptz not null,
    issued_at timestamptz,
    created_at timestamptz default now() not null,
    constraint pk_invoice_requests primary key (company_id, id),
    constraint fk_invoice_requests_company_id_order_id foreign key (company_id, order_id) references orders (company_id, id),
    constraint uq_invoice_requests_company_id_kind_source_id unique (company_id, kind, source_id),
    constraint ck_invoice_requests_kind_known check (kind in ('invoice', 'credit_note'))
);
create index ix_invoice_requests_company_id_order_id on invoice_requests (company_id, order_id);
create index ix_invoice_requests_waiting on invoice_requests (requested_at) where issued_at is null;

create table invoices (
    company_id uuid not null,
    id uuid default uuidv7() not null,
    order_id uuid not null,
    kind text not null,
    sequence_number integer not null,
    invoice_number text not null,
    source_id uuid not null,
    corrects_invoice_id uuid,
    currency char(3) not null,
    net_amount numeric(14, 2) not null,
    tax_amount numeric(14, 2) not null,
    total_amount numeric(14, 2) not null,
    document jsonb not null,
    issued_date date not null,
    issued_at timestamptz not null,
    created_at timestamptz default now() not null,
    row_xid xid8 default pg_current_xact_id() not null,
    constraint pk_invoices primary key (company_id, id),
    constraint fk_invoices_company_id_order_id foreign key (company_id, order_id) references orders (company_id, id),
    constraint fk_invoices_company_id_corrects_invoice_id foreign key (company_id, corrects_invoice_id) references invoices (company_id, id),
    constraint uq_invoices_company_id_kind_sequence_number unique (company_id, kind, sequence_number),
    constraint uq_invoices_company_id_invoice_number unique (company_id, invoice_number),
    constraint uq_invoices_company_id_kind_source_id unique (company_id, kind, source_id),
    constraint ck_invoices_kind_known check (kind in ('invoice', 'credit_note')),
    constraint ck_invoices_total_adds_up check (total_amount = net_amount + tax_amount),
    constraint ck_invoices_sequence_positive check (sequence_number > 0),
    constraint ck_invoices_credit_corrects check ((kind = 'credit_note') = (corrects_invoice_id is not null))
);
create index ix_invoices_company_id_order_id on invoices (company_id, order_id);
create index ix_invoices_row_xid on invoices (row_xid);

create table invoice_files (
    company_id uuid not null,
    invoice_id uuid not null,
    pdf bytea not null,
    pdf_sha256 bytea not null,
    created_at timestamptz default now() not null,
    constraint pk_invoice_files primary key (company_id, invoice_id),
    constraint fk_invoice_files_company_id_invoice_id foreign key (company_id, invoice_id) references invoices (company_id, id)
);

create table invoice_counters (
    company_id uuid not null,
    kind text not null,
    last_number integer default 0 not null,
    constraint pk_invoice_counters primary key (company_id, kind),
    constraint ck_invoice_counters_kind_known check (kind in ('invoice', 'credit_note')),
    constraint fk_invoice_counters_company_id foreign key (company_id) references companies (id)
);

-- Which companies have delivered orders that may be completed.
create function orders_find_completable(p_at timestamptz) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select company.id from companies as company
    where exists (
        select from orders
        where orders.company_id = company.id and orders.status = 'delivered'
        and orders.delivered_at <= p_at - company.return_window_days * interval '1 day'
    )
$$;

-- Which companies have documents that wait for their number.
create function invoices_find_waiting() returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select distinct invoice_requests.company_id from invoice_requests where invoice_requests.issued_at is null
$$;

revoke execute on function orders_find_completable(timestamptz), invoices_find_waiting() from public;
grant execute on function orders_find_completable(timestamptz), invoices_find_waiting() to stockwise_app;

call secure_table('order_cancellations', true);
call secure_table('order_cancellation_lines', true);
call secure_table('shipments');
call secure_table('shipment_lines', true);
call secure_table('shipment_events', true);
call secure_table('invoice_requests');
call secure_table('invoices', true);
call secure_table('invoice_files', true);
call secure_table('invoice_counters');
