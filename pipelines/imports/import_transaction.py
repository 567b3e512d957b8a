"""What every import of a history does alike: one at a time, all or nothing, rejects kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psycopg

from core.cells import FORMULA, PLAIN_NUMBER
from core.errors import StockwiseError
from core.postgres.connect import Connection

_IMPORT_LOCK = 7_236_002  # of the advisory lock under which imports of one database queue


def slug_of(company: str) -> str:
    """Return the company's name as it stands in addresses."""
    slug = "-".join("".join(letter if letter.isalnum() else " " for letter in company.lower()).split())
    if not slug:
        raise StockwiseError("The company's name has no letter or digit.")
    return slug


def let_it_take_time(connection: Connection) -> None:
    """Wait for another import of this database, and do without the serving role's short limits."""
    connection.execute("set local statement_timeout = 0")
    connection.execute("set local lock_timeout = 0")
    connection.execute("set local idle_in_transaction_session_timeout = 0")
    connection.execute("select pg_advisory_xact_lock(%s)", (_IMPORT_LOCK,))


@contextmanager
def refusals_explained() -> Iterator[None]:
    """Say in a sentence what the database would not take; the transaction is undone by then."""
    try:
        yield
    except psycopg.IntegrityError as error:
        said = error.diag.message_primary or str(error)
        raise StockwiseError(
            f"The database refused the import, and nothing of it was kept: {said}.",
            hint="Import into a company of its own: --company NAME.",
        ) from error


def write_rejects(rejects: pl.DataFrame, file: Path | None) -> str | None:
    """Write the rejects file, whole or not at all; without rejects there is none."""
    if rejects.is_empty() or file is None:
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part")
    rejects.with_columns(_marked(column) for column in rejects.columns).write_csv(draft)
    draft.replace(file)
    return str(file)


def _marked(column: str) -> pl.Expr:
    """Write a refused cell so that no spreadsheet runs it; numbers stay as they were sent."""
    texts = pl.col(column).cast(pl.String)
    is_formula = texts.str.contains(FORMULA) & ~texts.str.contains(PLAIN_NUMBER)
    return pl.when(is_formula).then(pl.concat_str(pl.lit("'"), texts)).otherwise(texts).alias(column)
