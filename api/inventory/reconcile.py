"""Proof that stock adds up: levels are their ledger, reserved is what live reservations hold."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.postgres.connect import connect
from core.postgres.ready import open_ready_server
from core.progress import Progress
from core.settings import Settings

DIFFERENCES = """
    with ledger as (
        select company_id, location_id, variant_id, sum(delta_units)::bigint as units
        from stock_ledger
        group by company_id, location_id, variant_id
    ),

    live as (
        select company_id, location_id, variant_id, sum(reserved_units)::bigint as units
        from reservations
        where status = 'live'
        group by company_id, location_id, variant_id
    ),

    compared as (
        select
            company_id,
            location_id,
            variant_id,
            coalesce(level.on_hand_units, 0) as on_hand_units,
            coalesce(ledger.units, 0) as ledger_units,
            coalesce(level.reserved_units, 0) as reserved_units,
            coalesce(live.units, 0) as live_reserved_units
        from stock_levels as level
        full join ledger using (company_id, location_id, variant_id)
        full join live using (company_id, location_id, variant_id)
    )

    select * from compared
    where on_hand_units <> ledger_units or reserved_units <> live_reserved_units
    order by company_id, location_id, variant_id
"""
_TRANSIT_DIFFERENCES = """
    with on_the_way as (
        select
            line.company_id,
            line.variant_id,
            sum(line.units - line.received_units - line.lost_units) as units
        from stock_transfer_lines as line
        inner join stock_transfers as transfer
            on line.company_id = transfer.company_id and line.transfer_id = transfer.id
        where transfer.status in ('sent', 'partly_received')
        group by line.company_id, line.variant_id
    ),

    lying as (
        select level.company_id, level.variant_id, sum(level.on_hand_units) as units
        from stock_levels as level
        inner join locations as location
            on level.company_id = location.company_id and level.location_id = location.id
        where location.kind = 'in_transit'
        group by level.company_id, level.variant_id
    ),

    compared as (
        select
            company_id,
            variant_id,
            coalesce(lying.units, 0)::bigint as on_hand_units,
            coalesce(on_the_way.units, 0)::bigint as transfer_units
        from lying
        full join on_the_way using (company_id, variant_id)
    )

    select * from compared
    where on_hand_units <> transfer_units
    order by company_id, variant_id
"""
_COUNTS = "select (select count(*) from companies), (select count(*) from stock_levels)"


@dataclass(frozen=True)
class StockDifference:
    """A level that does not add up: what it says, and what its ledger and reservations say."""

    company_id: UUID
    location_id: UUID
    variant_id: UUID
    on_hand_units: int
    ledger_units: int
    reserved_units: int
    live_reserved_units: int


@dataclass(frozen=True)
class TransitDifference:
    """A variant of which something else lies in transit than open transfers have on their way."""

    company_id: UUID
    variant_id: UUID
    on_hand_units: int
    transfer_units: int


@dataclass(frozen=True)
class StockReport:
    """What was compared, over all companies, and where it does not add up."""

    ok: bool
    companies: int
    levels: int
    differences: list[StockDifference]
    transit_differences: list[TransitDifference]


def reconcile(settings: Settings, *, progress: Progress) -> StockReport:
    """Compare the stock of all companies in one snapshot: ``stockwise reconcile stock``."""
    with open_ready_server(settings) as server, connect(server.dsn("reader")) as connection:
        connection.execute("set transaction isolation level repeatable read read only")
        companies, levels = connection.execute(_COUNTS).fetchall()[0]
        differences = [StockDifference(*row) for row in connection.execute(DIFFERENCES)]
        in_transit = [TransitDifference(*row) for row in connection.execute(_TRANSIT_DIFFERENCES)]
    return StockReport(
        ok=not differences and not in_transit,
        companies=companies,
        levels=levels,
        differences=differences,
        transit_differences=in_transit,
    )
