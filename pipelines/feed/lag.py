"""How far the lake is behind the order system, and when that calls for a person."""

from datetime import timedelta

from core.lake import Manifest
from core.settings import Settings


def open_for(manifest: Manifest) -> timedelta | None:
    """How long the oldest transaction had been open when the snapshot was taken, if there was one."""
    if manifest.oldest_open is None:
        return None
    return manifest.horizon_at - manifest.oldest_open.open_since


def feed_alarms(settings: Settings, manifest: Manifest, *, lag: timedelta | None) -> tuple[str, ...]:
    """Sentences about a transaction that stays open too long, and about a lake that was left too long."""
    alarms = []
    age = open_for(manifest)
    if manifest.oldest_open is not None and age is not None and _is_over(age, settings):
        alarms.append(
            f"A transaction (id {manifest.oldest_open.xid}) has been open for {_minutes(age):.0f} minutes:"
            " what it writes is not in yet, and every pull reads further back. End it, or find out why it"
            " stays open."
        )
    if lag is not None and lag > timedelta(hours=settings.feed_lag_hours):
        alarms.append(
            f"The warehouse had not been fed for {lag.total_seconds() / 3600:.0f} hours before this run. Is"
            " the schedule or the sensor switched off? 'stockwise dagster' runs both."
        )
    return tuple(alarms)


def _is_over(age: timedelta, settings: Settings) -> bool:
    return age >= timedelta(minutes=settings.feed_open_transaction_minutes)


def _minutes(age: timedelta) -> float:
    return age.total_seconds() / 60
