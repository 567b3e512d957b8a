"""Keep model results in the lake: one file per result and run, holding every company.

A company whose inputs did not change keeps its rows of the run before, with that run's id and time, so an
unchanged company costs nothing and its published file stays the same. The hashes of the inputs travel in
the metadata of a group's first result, which is written last: rows and hashes can't disagree.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from core.lake import newest_result, results_folder, write_atomically
from core.progress import Progress
from core.results import RESULTS
from core.settings import Settings
from core.warehouse import Warehouse
from pipelines.companies import ModelledCompany, read_companies, read_frame

_INPUTS = b"stockwise.inputs"
_FINGERPRINT_SQL = """
select count(*) as row_count, bit_xor(hash(input))::varchar as xor, sum(hash(input))::varchar as total
from ({sql}) as input
"""

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class CompanyResults:
    """What a model made for one company, by result, and the hash of what it was made from."""

    input_hash: str
    frames: Frames


@dataclass(frozen=True)
class CompanyWork:
    """What a model has to do for one company, if it has to.

    It is left out where ``input_hash`` is the one of the rows that are there and ``can_keep`` says that they
    still serve. ``compute`` gets the step's ``note``.
    """

    input_hash: str
    compute: Callable[[Callable[[str], None]], Frames]
    can_keep: bool = True


@dataclass(frozen=True)
class WrittenResults:
    """How many rows there are now, and how many companies were computed and kept."""

    rows: int
    computed: int
    kept: int

    @property
    def detail(self) -> str:
        """One phrase for the table of steps."""
        return f"{self.computed} companies computed, {self.kept} unchanged"


@dataclass(frozen=True)
class ModelRun:
    """What the model steps of a round share: which run it is, and who is computed whatever changed.

    That is every company if it ``is_full``, else those ``anew``.
    """

    run_id: str
    computed_at: datetime
    is_full: bool
    anew: Collection[str]
    progress: Progress

    def write(
        self,
        warehouse: Warehouse,
        group: Sequence[str],
        *,
        title: str,
        work_of: Callable[[ModelledCompany], CompanyWork],
    ) -> WrittenResults:
        """Compute the companies whose inputs changed, keep the others, and write a group of results."""
        settings = warehouse.settings
        companies = read_companies(warehouse)
        known = {} if self.is_full else known_inputs(settings, group, without=self.anew)
        computed: dict[str, CompanyResults] = {}
        kept: list[str] = []
        with self.progress.step(title, total=len(companies)) as step:
            for company in companies:
                work = work_of(company)
                if known.get(company.id) == work.input_hash and work.can_keep:
                    kept.append(company.id)
                else:
                    computed[company.id] = CompanyResults(work.input_hash, work.compute(step.note))
                step.advance()
        return write_results(
            settings,
            group,
            run_id=self.run_id,
            computed_at=self.computed_at,
            computed=computed,
            kept=kept,
        )


def fingerprint_rows(warehouse: Warehouse, sql: str, company: ModelledCompany) -> tuple[object, ...]:
    """Return what changes when one company's rows of a query do, in whatever order they come."""
    return read_frame(warehouse, _FINGERPRINT_SQL.format(sql=sql), company).row(0)


def known_inputs(
    settings: Settings, group: Sequence[str], *, without: Collection[str] = ()
) -> dict[str, str]:
    """The input hash of each company in the newest file of a group of results, but for some companies."""
    file = newest_result(settings, group[0])
    if file is None:
        return {}
    metadata = pq.read_schema(file).metadata or {}
    inputs: dict[str, str] = json.loads(metadata.get(_INPUTS, b"{}"))
    return {company: known for company, known in inputs.items() if company not in without}


def write_results(
    settings: Settings,
    group: Sequence[str],
    *,
    run_id: str,
    computed_at: datetime,
    computed: Mapping[str, CompanyResults],
    kept: Sequence[str],
) -> WrittenResults:
    """Write a group of results: the computed companies' new rows and the kept companies' old ones."""
    known = known_inputs(settings, group)
    inputs = {company: known[company] for company in kept}
    inputs |= {company: result.input_hash for company, result in computed.items()}
    rows = 0
    for name in reversed(group):
        table = _table(settings, name, run_id=run_id, computed_at=computed_at, computed=computed, kept=kept)
        if name == group[0]:
            table = table.replace_schema_metadata({_INPUTS: json.dumps(inputs).encode()})
        with write_atomically(results_folder(settings, name) / f"{run_id}.parquet") as draft:
            pq.write_table(table, draft, compression="zstd")
        _remove_old(settings, name)
        rows += table.num_rows
    return WrittenResults(rows=rows, computed=len(computed), kept=len(kept))


def _table(
    settings: Settings,
    name: str,
    *,
    run_id: str,
    computed_at: datetime,
    computed: Mapping[str, CompanyResults],
    kept: Sequence[str],
) -> pa.Table:
    schema = {column: _POLARS_TYPES[kind] for column, kind in RESULTS[name].items()}
    frames = [pl.DataFrame(schema=schema)]
    before = newest_result(settings, name)
    if before is not None and kept:
        frames.append(_typed(pl.read_parquet(before).filter(pl.col("company_id").is_in(list(kept))), schema))
    for company_id, result in computed.items():
        stamped = result.frames[name].with_columns(
            company_id=pl.lit(company_id), run_id=pl.lit(run_id), computed_at=pl.lit(computed_at)
        )
        frames.append(_typed(stamped, schema))
    return pl.concat(frames).to_arrow()


def _typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Give the frame exactly these columns; one that an older release did not write is empty."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None).alias(name)).cast(kind)
        for name, kind in schema.items()
    )


def _remove_old(settings: Settings, name: str) -> None:
    files = sorted(results_folder(settings, name).glob("*.parquet"), reverse=True)
    for file in files[settings.keep_builds :]:
        file.unlink()


_POLARS_TYPES: dict[str, pl.DataType] = {
    "varchar": pl.String(),
    "bigint": pl.Int64(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamptz": pl.Datetime("us", "UTC"),
}
