-- Saved reports, and each time one was made: by the API at once, or by the worker.

CREATE TABLE report_definitions (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    owner_user_id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    is_shared BOOLEAN DEFAULT false NOT NULL,
    question JSONB DEFAULT '{}'::jsonb NOT NULL,
    format TEXT NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_report_definitions PRIMARY KEY (company_id, id),
    CONSTRAINT ck_report_definitions_format_known CHECK (format in ('csv', 'parquet', 'xlsx', 'pdf', 'json')),
    CONSTRAINT fk_report_definitions_company_id FOREIGN KEY(company_id) REFERENCES companies (id)
);
CREATE INDEX ix_report_definitions_newest ON report_definitions (company_id, created_at desc, id desc);
CREATE TABLE report_runs (
    company_id UUID NOT NULL,
    id UUID DEFAULT uuidv7() NOT NULL,
    definition_id UUID,
    requested_by UUID NOT NULL,
    title TEXT NOT NULL,
    question JSONB DEFAULT '{}'::jsonb NOT NULL,
    format TEXT NOT NULL,
    shop_ids UUID[],
    status TEXT NOT NULL,
    tries INTEGER DEFAULT 0 NOT NULL,
    claimed_until TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    first_date DATE,
    last_date DATE,
    row_count INTEGER,
    build_id TEXT,
    horizon_at TIMESTAMP WITH TIME ZONE,
    storage_key TEXT,
    size_bytes BIGINT,
    error_code TEXT,
    error_detail TEXT,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_report_runs PRIMARY KEY (company_id, id),
    CONSTRAINT ck_report_runs_format_known CHECK (format in ('csv', 'parquet', 'xlsx', 'pdf', 'json')),
    CONSTRAINT ck_report_runs_status_known CHECK (status in ('queued', 'running', 'succeeded', 'failed', 'expired')),
    CONSTRAINT ck_report_runs_succeeded_has_file CHECK (status <> 'succeeded' or storage_key is not null),
    CONSTRAINT fk_report_runs_company_id FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT fk_report_runs_company_id_definition_id FOREIGN KEY(company_id, definition_id) REFERENCES report_definitions (company_id, id)
);
CREATE INDEX ix_report_runs_company_id_definition_id ON report_runs (company_id, definition_id);
CREATE INDEX ix_report_runs_newest ON report_runs (company_id, created_at desc, id desc);
CREATE INDEX ix_report_runs_open ON report_runs (status) WHERE status in ('queued', 'running');
CREATE INDEX ix_report_runs_expires_at ON report_runs (expires_at) WHERE storage_key is not null;
CREATE INDEX ix_report_runs_created_at ON report_runs (created_at);

call secure_table('report_definitions');
call secure_table('report_runs');

-- The worker's question: in which companies are there reports to make, or files that were kept long enough?
create function reports_find_due(p_at timestamptz) returns table (company_id uuid)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select report_runs.company_id from report_runs
    where report_runs.status in ('queued', 'running')
    and (report_runs.status = 'queued' or report_runs.claimed_until < p_at)
    union
    select report_runs.company_id from report_runs
    where report_runs.storage_key is not null and report_runs.expires_at < p_at
$$;

-- That a report was made, and by whom, when its file is long gone.
create function purge_report_runs(p_before timestamptz, p_limit integer) returns integer
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    with old_rows as (
        select company_id, id from report_runs
        where created_at < p_before and storage_key is null and status not in ('queued', 'running')
        order by created_at limit p_limit for update skip locked
    ),
    purged as (
        delete from report_runs as stored using old_rows
        where stored.company_id = old_rows.company_id and stored.id = old_rows.id
        returning 1
    )
    select count(*)::integer from purged
$$;
revoke execute on function reports_find_due(timestamptz), purge_report_runs(timestamptz, integer) from public;
grant execute on function reports_find_due(timestamptz), purge_report_runs(timestamptz, integer) to stockwise_app;
