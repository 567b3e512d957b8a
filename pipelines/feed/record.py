"""What a pull brought and what the lake holds then, for the run's record and for who asks."""

from core.lake import Manifest, raw_folder
from core.runs import FedTableRecord, FeedRecord
from core.settings import Settings
from pipelines.feed.lag import open_for
from pipelines.feed.pull import PullReport, Volume

_NOTHING = Volume(rows=0, bytes=0, seconds=0.0)


def describe_pull(settings: Settings, report: PullReport, *, seconds: float) -> FeedRecord:
    """Say per table how many rows and bytes came, how long it took, and what there is now."""
    age = open_for(report.manifest)
    tables = describe_lake(settings, report.manifest, report.volumes)
    return FeedRecord(
        pull_id=report.manifest.pull_id,
        horizon_at=report.manifest.horizon_at,
        lag_seconds=report.lag.total_seconds() if report.lag else None,
        oldest_open_seconds=age.total_seconds() if age else None,
        rows=report.rows,
        bytes=sum(table.bytes for table in tables),
        seconds=round(seconds, 3),
        tables=tables,
    )


def describe_lake(
    settings: Settings, manifest: Manifest, volumes: dict[str, Volume]
) -> tuple[FedTableRecord, ...]:
    """Count each table's rows, bytes and files in the lake, beside what a pull brought of it."""
    records = []
    for table in manifest.tables:
        brought = volumes.get(table.name, _NOTHING)
        files = [raw_folder(settings) / segment.file for segment in table.segments]
        records.append(
            FedTableRecord(
                table=table.name,
                rows=brought.rows,
                bytes=brought.bytes,
                seconds=round(brought.seconds, 3),
                lake_rows=sum(segment.rows for segment in table.segments),
                lake_bytes=sum(file.stat().st_size for file in files),
                segments=len(files),
            )
        )
    return tuple(records)
