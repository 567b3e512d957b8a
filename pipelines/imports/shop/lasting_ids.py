"""Ids and addresses that a repeated import of the same company makes again."""

import polars as pl

from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.stable_ids import stable_ids


def lasting_ids(company: ShopCompany, kind: str, keys: pl.Series) -> pl.Series:
    """Return ids that depend on the key alone: a later file may move the moment of anything."""
    ids = stable_ids(f"{company.company_id}|{kind}", keys, [0] * len(keys))
    return pl.Series("id", ids, dtype=pl.String)


def timed_ids(company: ShopCompany, kind: str, keys: pl.Series, at: pl.Series) -> pl.Series:
    """Return ids that lie in the order of their moments, for what is many."""
    ids = stable_ids(f"{company.company_id}|{kind}", keys, at.dt.epoch("ms"))
    return pl.Series("id", ids, dtype=pl.String)


def look_up(frame: pl.DataFrame, found: pl.DataFrame, key: str, *columns: str) -> pl.DataFrame:
    """Add columns that are found by a key; null where it is not, and no row twice."""
    return frame.join(found.select(key, *columns), on=key, how="left", maintain_order="left", validate="m:1")


def slug_expression(column: str) -> pl.Expr:
    """Return the column as it stands in addresses; null where nothing is left of it."""
    slug = pl.col(column).str.to_lowercase().str.replace_all("[^a-z0-9]+", "-").str.strip_chars("-")
    return pl.when(slug != "").then(slug)
