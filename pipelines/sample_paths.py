"""Keep the futures that the forecast drew until the plan reads them: one array per company.

The array is written under a new name, then a small file that names it replaces the old one, so that a plan
never sees half an array, nor the futures of another forecast.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from core.lake import results_folder, sync_file, sync_folder, write_atomically
from core.settings import Settings
from models.forecast import SamplePaths

_RESULT = "sample_paths"


@dataclass(frozen=True)
class KeptPaths:
    """Where a company's futures lie and what they were drawn from."""

    file: Path
    input_hash: str
    first_date: date
    horizon_days: int
    series_ids: tuple[str, ...]

    def load(self) -> SamplePaths:
        """Map the array into memory; pages are read as the plan touches them."""
        return SamplePaths(self.series_ids, self.first_date, np.load(self.file, mmap_mode="r"))


def keep_paths(settings: Settings, company_id: str, paths: SamplePaths, *, input_hash: str) -> None:
    """Replace a company's futures."""
    folder = results_folder(settings, _RESULT)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{company_id}.{uuid.uuid4().hex}.npy"
    np.save(file, paths.units)
    sync_file(file)
    sync_folder(folder)
    with write_atomically(folder / f"{company_id}.json") as draft:
        content = {
            "file": file.name,
            "input_hash": input_hash,
            "first_date": paths.first_date.isoformat(),
            "horizon_days": paths.horizon_days,
            "series_ids": paths.series_ids,
        }
        draft.write_text(json.dumps(content), encoding="utf-8")
    for old in folder.glob(f"{company_id}.*.npy"):
        if old != file:
            old.unlink()


def find_paths(settings: Settings, company_id: str) -> KeptPaths | None:
    """Find a company's futures, or ``None`` if it has no forecast."""
    folder = results_folder(settings, _RESULT)
    try:
        content = json.loads((folder / f"{company_id}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    kept = KeptPaths(
        file=folder / content["file"],
        input_hash=content["input_hash"],
        first_date=date.fromisoformat(content["first_date"]),
        horizon_days=content["horizon_days"],
        series_ids=tuple(content["series_ids"]),
    )
    return kept if kept.file.exists() else None
