-- Payments, attempts, refunds, webhooks and saved methods.

CREATE TABLE payment_methods (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT DEFAULT 'local' NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    display_order INTEGER DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_payment_methods PRIMARY KEY (company_id, id),
    CONSTRAINT uq_payment_methods_company_id_code UNIQUE (company_id, code),
    CONSTRAINT uq_payment_methods_company_id_name UNIQUE (company_id, name),
    CONSTRAINT ck_payment_methods_code_known CHECK (code in ('credit_card', 'debit_card', 'upi', 'net_banking', 'wallet', 'paypal', 'bank_transfer')),
    CONSTRAINT ck_payment_methods_provider_known CHECK (provider in ('local', 'stripe', 'paypal')),
    CONSTRAINT fk_payment_methods_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_payment_methods_row_xid ON payment_methods (row_xid);

CREATE TABLE payments (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    transaction_number TEXT NOT NULL,
    source_id UUID NOT NULL,
    checkout_id UUID,
    customer_id UUID,
    user_id UUID,
    payment_method_id UUID NOT NULL,
    provider TEXT NOT NULL,
    currency CHAR(3) NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    authorised_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    captured_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    refunded_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    capture_mode TEXT DEFAULT 'automatic' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    payment_status TEXT DEFAULT 'unpaid' NOT NULL,
    gateway_payment_id TEXT,
    gateway_authorisation_id TEXT,
    gateway_capture_id TEXT,
    billing_address JSONB DEFAULT '{}'::jsonb NOT NULL,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    failure_code TEXT,
    failure_reason TEXT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    authorised_at TIMESTAMP WITH TIME ZONE,
    paid_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    refunded_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_payments PRIMARY KEY (company_id, id),
    CONSTRAINT fk_payments_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT fk_payments_company_id_payment_method_id FOREIGN KEY(company_id, payment_method_id) REFERENCES payment_methods (company_id, id),
    CONSTRAINT uq_payments_company_id_transaction_number UNIQUE (company_id, transaction_number),
    CONSTRAINT uq_payments_company_id_provider_gateway_payment_id UNIQUE (company_id, provider, gateway_payment_id),
    CONSTRAINT ck_payments_provider_known CHECK (provider in ('local', 'stripe', 'paypal')),
    CONSTRAINT ck_payments_capture_mode_known CHECK (capture_mode in ('automatic', 'manual')),
    CONSTRAINT ck_payments_status_known CHECK (status in ('pending', 'processing', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT ck_payments_payment_status_known CHECK (payment_status in ('unpaid', 'authorised', 'paid', 'partly_refunded', 'refunded', 'failed', 'voided')),
    CONSTRAINT ck_payments_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_payments_captured_authorised CHECK (captured_amount <= authorised_amount and authorised_amount <= amount),
    CONSTRAINT ck_payments_refunded_captured CHECK (refunded_amount >= 0 and refunded_amount <= captured_amount)
);
CREATE INDEX ix_payments_company_id_created_at ON payments (company_id, created_at desc, id desc);
CREATE INDEX ix_payments_company_id_customer_id_created_at ON payments (company_id, customer_id, created_at desc);
CREATE INDEX ix_payments_company_id_gateway_capture_id ON payments (company_id, gateway_capture_id);
CREATE INDEX ix_payments_company_id_status ON payments (company_id, status);
CREATE INDEX ix_payments_company_id_user_id ON payments (company_id, user_id);
CREATE INDEX ix_payments_row_xid ON payments (row_xid);
CREATE UNIQUE INDEX uq_payments_open_source ON payments (company_id, source_id) WHERE status <> 'cancelled';

CREATE TABLE payment_allocations (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    payment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    shop_id UUID NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    captured_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    refund_reserved_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    refunded_amount NUMERIC(14, 2) DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_payment_allocations PRIMARY KEY (company_id, id),
    CONSTRAINT fk_payment_allocations_company_id_payment_id FOREIGN KEY(company_id, payment_id) REFERENCES payments (company_id, id),
    CONSTRAINT fk_payment_allocations_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id),
    CONSTRAINT fk_payment_allocations_company_id_shop_id FOREIGN KEY(company_id, shop_id) REFERENCES shops (company_id, id),
    CONSTRAINT uq_payment_allocations_company_id_payment_id_order_id UNIQUE (company_id, payment_id, order_id),
    CONSTRAINT ck_payment_allocations_captured_amount_fits CHECK (amount >= 0 and captured_amount <= amount),
    CONSTRAINT ck_payment_allocations_refunds_within_captured CHECK (refund_reserved_amount <= captured_amount),
    CONSTRAINT ck_payment_allocations_refunded_reserved CHECK (refunded_amount >= 0 and refunded_amount <= refund_reserved_amount)
);
CREATE INDEX ix_payment_allocations_company_id_order_id ON payment_allocations (company_id, order_id);
CREATE INDEX ix_payment_allocations_company_id_payment_id ON payment_allocations (company_id, payment_id);
CREATE INDEX ix_payment_allocations_company_id_shop_id ON payment_allocations (company_id, shop_id);
CREATE INDEX ix_payment_allocations_row_xid ON payment_allocations (row_xid);

CREATE TABLE payment_refunds (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    payment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    key TEXT NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    currency CHAR(3) NOT NULL,
    reason TEXT,
    status TEXT DEFAULT 'pending' NOT NULL,
    gateway_refund_id TEXT,
    failure_reason TEXT,
    requested_by UUID,
    processed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT pk_payment_refunds PRIMARY KEY (company_id, id),
    CONSTRAINT fk_payment_refunds_company_id_payment_id FOREIGN KEY(company_id, payment_id) REFERENCES payments (company_id, id),
    CONSTRAINT fk_payment_refunds_company_id_order_id FOREIGN KEY(company_id, order_id) REFERENCES orders (company_id, id),
    CONSTRAINT uq_payment_refunds_company_id_key UNIQUE (company_id, key),
    CONSTRAINT ck_payment_refunds_status_known CHECK (status in ('pending', 'processing', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT ck_payment_refunds_amount_positive CHECK (amount > 0)
);
CREATE INDEX ix_payment_refunds_company_id_gateway_refund_id ON payment_refunds (company_id, gateway_refund_id);
CREATE INDEX ix_payment_refunds_company_id_order_id ON payment_refunds (company_id, order_id);
CREATE INDEX ix_payment_refunds_company_id_payment_id ON payment_refunds (company_id, payment_id);
CREATE INDEX ix_payment_refunds_row_xid ON payment_refunds (row_xid);

CREATE TABLE payment_operations (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    payment_id UUID NOT NULL,
    refund_id UUID,
    kind TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    request_encrypted TEXT,
    response_encrypted TEXT,
    failure_code TEXT,
    failure_reason TEXT,
    request_key TEXT,
    request_sha256 BYTEA,
    claimed_until TIMESTAMP WITH TIME ZONE NOT NULL,
    tries INTEGER DEFAULT 0 NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_payment_operations PRIMARY KEY (company_id, id),
    CONSTRAINT fk_payment_operations_company_id_payment_id FOREIGN KEY(company_id, payment_id) REFERENCES payments (company_id, id),
    CONSTRAINT fk_payment_operations_company_id_refund_id FOREIGN KEY(company_id, refund_id) REFERENCES payment_refunds (company_id, id),
    CONSTRAINT uq_payment_operations_company_id_request_key UNIQUE (company_id, request_key),
    CONSTRAINT ck_payment_operations_kind_known CHECK (kind in ('authorise', 'confirm', 'capture', 'void', 'refund')),
    CONSTRAINT ck_payment_operations_status_known CHECK (status in ('pending', 'succeeded', 'failed'))
);
CREATE INDEX ix_payment_operations_company_id_payment_id ON payment_operations (company_id, payment_id);
CREATE INDEX ix_payment_operations_company_id_refund_id ON payment_operations (company_id, refund_id);
CREATE INDEX ix_payment_operations_due ON payment_operations (claimed_until) WHERE status = 'pending';
CREATE UNIQUE INDEX uq_payment_operations_in_flight ON payment_operations (company_id, payment_id) WHERE status = 'pending' and kind <> 'refund';

CREATE TABLE payment_history (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    payment_id UUID NOT NULL,
    refund_id UUID,
    from_status TEXT,
    to_status TEXT NOT NULL,
    note TEXT,
    changed_by UUID,
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_payment_history PRIMARY KEY (company_id, id),
    CONSTRAINT fk_payment_history_company_id_payment_id FOREIGN KEY(company_id, payment_id) REFERENCES payments (company_id, id),
    CONSTRAINT fk_payment_history_company_id_refund_id FOREIGN KEY(company_id, refund_id) REFERENCES payment_refunds (company_id, id)
);
CREATE INDEX ix_payment_history_company_id_payment_id ON payment_history (company_id, payment_id);
CREATE INDEX ix_payment_history_company_id_refund_id ON payment_history (company_id, refund_id);

CREATE TABLE payment_details (
    company_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    details_encrypted TEXT,
    action_encrypted TEXT,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_payment_details PRIMARY KEY (company_id, payment_id),
    CONSTRAINT fk_payment_details_company_id_payment_id FOREIGN KEY(company_id, payment_id) REFERENCES payments (company_id, id)
);

CREATE TABLE payment_gateways (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    provider TEXT NOT NULL,
    credentials_encrypted TEXT NOT NULL,
    is_live BOOLEAN DEFAULT false NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_payment_gateways PRIMARY KEY (company_id, id),
    CONSTRAINT uq_payment_gateways_company_id_provider UNIQUE (company_id, provider),
    CONSTRAINT ck_payment_gateways_provider_known CHECK (provider in ('local', 'stripe', 'paypal')),
    CONSTRAINT fk_payment_gateways_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_payment_gateways_id ON payment_gateways (id);

CREATE TABLE payment_webhooks (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    body_encrypted TEXT NOT NULL,
    status TEXT DEFAULT 'received' NOT NULL,
    note TEXT,
    tries INTEGER DEFAULT 0 NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    processed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_payment_webhooks PRIMARY KEY (company_id, id),
    CONSTRAINT uq_payment_webhooks_company_id_provider_event_id UNIQUE (company_id, provider, event_id),
    CONSTRAINT ck_payment_webhooks_provider_known CHECK (provider in ('local', 'stripe', 'paypal')),
    CONSTRAINT ck_payment_webhooks_status_known CHECK (status in ('received', 'processed', 'ignored', 'failed')),
    CONSTRAINT fk_payment_webhooks_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_payment_webhooks_due ON payment_webhooks (due_at) WHERE status = 'received';

CREATE TABLE saved_payment_methods (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    customer_id UUID NOT NULL,
    user_id UUID,
    payment_method_id UUID NOT NULL,
    provider TEXT NOT NULL,
    gateway_customer_id TEXT,
    token_encrypted TEXT NOT NULL,
    card_last_four TEXT,
    card_brand TEXT,
    expiry_month INTEGER,
    expiry_year INTEGER,
    is_default BOOLEAN DEFAULT false NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_saved_payment_methods PRIMARY KEY (company_id, id),
    CONSTRAINT fk_saved_payment_methods_company_id_customer_id FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT fk_saved_payment_methods_company_id_payment_method_id FOREIGN KEY(company_id, payment_method_id) REFERENCES payment_methods (company_id, id),
    CONSTRAINT ck_saved_payment_methods_provider_known CHECK (provider in ('local', 'stripe', 'paypal')),
    CONSTRAINT ck_saved_payment_methods_last_four_digits CHECK (card_last_four ~ '^[0-9]{4}$'),
    CONSTRAINT ck_saved_payment_methods_expiry_month_known CHECK (expiry_month between 1 and 12)
);
CREATE INDEX ix_saved_payment_methods_company_id_customer_id ON saved_payment_methods (company_id, customer_id);
CREATE INDEX ix_saved_payment_methods_company_id_user_id ON saved_payment_methods (company_id, user_id);
CREATE UNIQUE INDEX uq_saved_payment_methods_default ON saved_payment_methods (company_id, customer_id) WHERE is_default and archived_at is null;

CREATE TABLE local_gateway_entries (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    amount NUMERIC(14, 2) NOT NULL,
    currency CHAR(3) NOT NULL,
    outcome TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_local_gateway_entries PRIMARY KEY (company_id, id),
    CONSTRAINT uq_local_gateway_entries_company_id_key UNIQUE (company_id, key),
    CONSTRAINT fk_local_gateway_entries_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_local_gateway_entries_company_id_reference ON local_gateway_entries (company_id, reference);

call secure_table('payment_methods');
call secure_table('payments');
call secure_table('payment_allocations');
call secure_table('payment_refunds');
call secure_table('payment_operations');
call secure_table('payment_history', true);
call secure_table('payment_details');
call secure_table('payment_gateways');
call secure_table('payment_webhooks');
call secure_table('saved_payment_methods');
call secure_table('local_gateway_entries');

create sequence transaction_number_seq minvalue 0 start 0;
grant usage on sequence transaction_number_seq to stockwise_app;

-- A webhook names no company: the account in its address does (for the local gateway, the company itself).
-- What it says is believed only once its signature fits that company's own secret.
create function payments_find_company(p_provider text, p_account_id uuid) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select payment_gateways.company_id from payment_gateways
    where payment_gateways.id = p_account_id and payment_gateways.provider = p_provider
    union
    select companies.id from companies where companies.id = p_account_id and p_provider = 'local'
$$;

-- For the worker: which companies have operations or webhooks to see to.
create function payments_find_due(p_at timestamptz) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select payment_operations.company_id from payment_operations
    where payment_operations.status = 'pending' and payment_operations.claimed_until <= p_at
    union
    select payment_webhooks.company_id from payment_webhooks
    where payment_webhooks.status = 'received' and payment_webhooks.due_at <= p_at
$$;

-- For the rotation of keys: which companies have anything encrypted.
create function payments_find_encrypted() returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select payment_gateways.company_id from payment_gateways
    union
    select payment_webhooks.company_id from payment_webhooks
    union
    select saved_payment_methods.company_id from saved_payment_methods
    union
    select payment_details.company_id from payment_details
    union
    select payment_operations.company_id from payment_operations
$$;

revoke execute on function
    payments_find_company(text, uuid), payments_find_due(timestamptz), payments_find_encrypted()
from public;
grant execute on function
    payments_find_company(text, uuid), payments_find_due(timestamptz), payments_find_encrypted()
to stockwise_app;
