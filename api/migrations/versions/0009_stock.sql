-- Transfers, counts, valuation; terms of restock orders in full.

CREATE TABLE stock_transfers (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    transfer_number TEXT NOT NULL,
    from_location_id UUID NOT NULL,
    to_location_id UUID NOT NULL,
    status TEXT DEFAULT 'draft' NOT NULL,
    expected_date DATE,
    note TEXT,
    created_by UUID,
    sent_by UUID,
    sent_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    cancellation_reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_stock_transfers PRIMARY KEY (company_id, id),
    CONSTRAINT fk_stock_transfers_company_id_from_location_id FOREIGN KEY(company_id, from_location_id) REFERENCES locations (company_id, id),
    CONSTRAINT fk_stock_transfers_company_id_to_location_id FOREIGN KEY(company_id, to_location_id) REFERENCES locations (company_id, id),
    CONSTRAINT uq_stock_transfers_company_id_transfer_number UNIQUE (company_id, transfer_number),
    CONSTRAINT ck_stock_transfers_status_known CHECK (status in ('draft', 'sent', 'partly_received', 'received', 'cancelled')),
    CONSTRAINT ck_stock_transfers_places_differ CHECK (from_location_id <> to_location_id)
);
CREATE INDEX ix_stock_transfers_company_id_from_location_id ON stock_transfers (company_id, from_location_id);
CREATE INDEX ix_stock_transfers_company_id_status ON stock_transfers (company_id, status);
CREATE INDEX ix_stock_transfers_company_id_to_location_id ON stock_transfers (company_id, to_location_id);
CREATE INDEX ix_stock_transfers_row_xid ON stock_transfers (row_xid);
call secure_table('stock_transfers');

CREATE TABLE stock_transfer_lines (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    transfer_id UUID NOT NULL,
    variant_id UUID NOT NULL,
    line_number INTEGER NOT NULL,
    units INTEGER NOT NULL,
    received_units INTEGER DEFAULT 0 NOT NULL,
    lost_units INTEGER DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_stock_transfer_lines PRIMARY KEY (company_id, id),
    CONSTRAINT fk_stock_transfer_lines_company_id_transfer_id FOREIGN KEY(company_id, transfer_id) REFERENCES stock_transfers (company_id, id),
    CONSTRAINT fk_stock_transfer_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id),
    CONSTRAINT uq_stock_transfer_lines_company_id_transfer_id_variant_id UNIQUE (company_id, transfer_id, variant_id),
    CONSTRAINT ck_stock_transfer_lines_units_positive CHECK (units > 0),
    CONSTRAINT ck_stock_transfer_lines_arrived_not_negative CHECK (received_units >= 0 and lost_units >= 0),
    CONSTRAINT ck_stock_transfer_lines_arrived_not_more CHECK (received_units + lost_units <= units)
);
CREATE INDEX ix_stock_transfer_lines_company_id_variant_id ON stock_transfer_lines (company_id, variant_id);
CREATE INDEX ix_stock_transfer_lines_row_xid ON stock_transfer_lines (row_xid);
call secure_table('stock_transfer_lines');

CREATE TABLE stock_counts (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    count_number TEXT NOT NULL,
    location_id UUID NOT NULL,
    status TEXT DEFAULT 'open' NOT NULL,
    is_blind BOOLEAN DEFAULT false NOT NULL,
    note TEXT,
    opened_by UUID,
    closed_by UUID,
    closed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_stock_counts PRIMARY KEY (company_id, id),
    CONSTRAINT fk_stock_counts_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id),
    CONSTRAINT uq_stock_counts_company_id_count_number UNIQUE (company_id, count_number),
    CONSTRAINT ck_stock_counts_status_known CHECK (status in ('open', 'closed', 'cancelled'))
);
CREATE INDEX ix_stock_counts_company_id_location_id ON stock_counts (company_id, location_id);
CREATE INDEX ix_stock_counts_company_id_status ON stock_counts (company_id, status);
CREATE INDEX ix_stock_counts_row_xid ON stock_counts (row_xid);
call secure_table('stock_counts');

CREATE TABLE stock_count_lines (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    count_id UUID NOT NULL,
    location_id UUID NOT NULL,
    variant_id UUID NOT NULL,
    expected_units INTEGER NOT NULL,
    counted_units INTEGER,
    on_hand_when_counted_units INTEGER,
    counted_by UUID,
    counted_at TIMESTAMP WITH TIME ZONE,
    is_open BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_stock_count_lines PRIMARY KEY (company_id, id),
    CONSTRAINT fk_stock_count_lines_company_id_count_id FOREIGN KEY(company_id, count_id) REFERENCES stock_counts (company_id, id),
    CONSTRAINT fk_stock_count_lines_company_id_location_id FOREIGN KEY(company_id, location_id) REFERENCES locations (company_id, id),
    CONSTRAINT fk_stock_count_lines_company_id_variant_id FOREIGN KEY(company_id, variant_id) REFERENCES variants (company_id, id),
    CONSTRAINT uq_stock_count_lines_company_id_count_id_variant_id UNIQUE (company_id, count_id, variant_id),
    CONSTRAINT ck_stock_count_lines_counted_not_negative CHECK (counted_units >= 0),
    CONSTRAINT ck_stock_count_lines_counted_against_something CHECK ((counted_units is null) = (on_hand_when_counted_units is null))
);
CREATE INDEX ix_stock_count_lines_row_xid ON stock_count_lines (row_xid);
CREATE UNIQUE INDEX uq_stock_count_lines_open ON stock_count_lines (company_id, location_id, variant_id) WHERE is_open;
call secure_table('stock_count_lines');

CREATE INDEX ix_stock_ledger_reference ON stock_ledger (company_id, reference_id) WHERE reference_id is not null;

create sequence stock_document_number_seq minvalue 0 start 0;
grant usage on sequence stock_document_number_seq to stockwise_app;

alter table companies
add column valuation_method text not null default 'fifo',
add column over_receipt_percent numeric(5, 2) not null default 0,
add constraint ck_companies_valuation_method_known check (valuation_method in ('fifo', 'average')),
add constraint ck_companies_over_receipt_percent_range check (over_receipt_percent between 0 and 100);

alter table restock_orders add column closing_reason text;
alter table restock_order_lines add column requested_units integer;
alter table restock_order_lines
add constraint ck_restock_order_lines_requested_positive check (requested_units > 0);

-- Moving average: units and value at hand, and by how much the row changed the value. What leaves takes its
-- share of the value, all of it with the last unit, so that values add up whatever was rounded.
create function stock_average_step(state numeric [], delta_units integer, unit_cost_amount numeric)
returns numeric [] language sql immutable parallel safe
return (
    with change as (
        select case
            when delta_units > 0 or state[1] < -delta_units then delta_units * unit_cost_amount
            when state[1] = -delta_units then -state[2]
            else round(state[2] * delta_units / state[1], 6)
        end as value_amount
    )
    select array[state[1] + delta_units, state[2] + change.value_amount, change.value_amount] from change
);
create aggregate stock_average(integer, numeric) (
    sfunc = stock_average_step, stype = numeric [], initcond = '{0,0,0}', parallel = safe
);
revoke execute on function stock_average_step(numeric [], integer, numeric) from public;
revoke execute on function stock_average(integer, numeric) from public;
grant execute on function stock_average_step(numeric [], integer, numeric) to stockwise_app, stockwise_reader;
grant execute on function stock_average(integer, numeric) to stockwise_app, stockwise_reader;
