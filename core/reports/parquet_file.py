"""A report's main table as Parquet: exact decimals, real dates, and in its metadata what it is about."""

from __future__ import annotations

import json
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.reports.table import BATCH_ROWS, Report

ABOUT_KEY = b"stockwise"


def write_parquet(report: Report, target: BinaryIO) -> None:
    """Write the rows; each field carries its title, unit and definition, the file its build and filters."""
    table = report.main
    fields = [
        field.with_metadata({"title": column.title, "unit": column.unit, "definition": column.definition})
        for field, column in zip(table.data.schema, table.columns, strict=True)
    ]
    about = {
        "report": report.name,
        "build_id": report.build_id,
        "horizon_at": report.horizon_at.isoformat(),
        "currency": report.currency,
        "about": dict(report.about),
    }
    schema = pa.schema(fields, metadata={ABOUT_KEY: json.dumps(about).encode()})
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in table.data.to_batches(max_chunksize=BATCH_ROWS * 10):
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
