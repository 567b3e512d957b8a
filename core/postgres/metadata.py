"""The one SQLAlchemy metadata, and the columns and keys that every tenant table has alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id: the feed's cursor (DESIGN, "Feed")."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


AMOUNT = sa.Numeric(14, 2)
UNIT_AMOUNT = sa.Numeric(18, 6)
RATE = sa.Numeric(9, 6)
INSTANT = sa.DateTime(timezone=True)
UUID = sa.Uuid(as_uuid=True)
JSONB = pg.JSONB(none_as_null=True)
NOW = sa.text("now()")


def created_at() -> sa.Column[Any]:
    return sa.Column("created_at", INSTANT, nullable=False, server_default=NOW)


def updated_at() -> sa.Column[Any]:
    return sa.Column("updated_at", INSTANT, nullable=False, server_default=NOW)


def row_xid() -> sa.Column[Any]:
    """The last transaction that wrote the row; set by default on insert and by trigger on update."""
    return sa.Column("row_xid", Xid8(), nullable=False, server_default=sa.text("pg_current_xact_id()"))


def flag(name: str, *, default: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(str(default).lower()))


def json_object(name: str) -> sa.Column[Any]:
    return sa.Column(name, JSONB, nullable=False, server_default=sa.text("'{}'::jsonb"))


def json_list(name: str) -> sa.Column[Any]:
    return sa.Column(name, JSONB, nullable=False, server_default=sa.text("'[]'::jsonb"))


def units(name: str, *, default: int | None = 0, nullable: bool = False) -> sa.Column[Any]:
    server_default = None if default is None else sa.text(str(default))
    return sa.Column(name, sa.Integer, nullable=nullable, server_default=server_default)


def amount(name: str, *, nullable: bool = False, default: bool = True) -> sa.Column[Any]:
    server_default = sa.text("0") if default and not nullable else None
    return sa.Column(name, AMOUNT, nullable=nullable, server_default=server_default)


def one_of(name: str, values: Sequence[str]) -> sa.CheckConstraint:
    """``name`` holds one of ``values`` (text and a check: values can be added without a type change)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{name} in ({listed})", name=f"{name}_known")


def tenant_key(target: str, column: str, *, nullable: bool = False, index: bool = True) -> list[Any]:
    """Give the column ``column`` and its foreign key to ``target``, which carries the company too.

    Row-level security does not look at foreign keys; a key that names the company can't point across it.
    """
    parts: list[Any] = [
        sa.Column(column, UUID, nullable=nullable),
        sa.ForeignKeyConstraint(["company_id", column], [f"{target}.company_id", f"{target}.id"]),
    ]
    if index:
        parts.append(sa.Index(None, "company_id", column))
    return parts


def tenant_table(name: str, *parts: Any, keys: Sequence[str] = ("id",), fed: bool = True) -> sa.Table:
    """Make a table of one company's rows, keyed by ``company_id`` and ``keys``.

    A ``fed`` table carries an indexed ``row_xid``; the first migration gives it the triggers that
    keep it and write tombstones. The company gets a foreign key of its own only where no other key proves
    that it exists: each key costs a look-up per row and a shared lock on the company's row.
    """
    flat: list[Any] = []
    for part in parts:
        flat.extend(part if isinstance(part, list) else [part])
    company_key = [] if _leads_to_a_company(name, flat) else [sa.ForeignKey("companies.id")]
    if fed:
        flat += [row_xid(), sa.Index(None, "row_xid")]
    identifier = (
        [sa.Column("id", UUID, nullable=False, server_default=sa.text("uuidv7()"))] if "id" in keys else []
    )
    return sa.Table(
        name,
        metadata,
        sa.Column("company_id", UUID, *company_key, nullable=False),
        *identifier,
        *flat,
        sa.PrimaryKeyConstraint("company_id", *keys),
        info={"tenant": True, "fed": fed},
    )


def _leads_to_a_company(name: str, parts: Sequence[Any]) -> bool:
    """Whether a row always names a row of another tenant table, whose company is its own."""
    nullable = {part.name for part in parts if isinstance(part, sa.Column) and part.nullable}
    return any(
        isinstance(part, sa.ForeignKeyConstraint)
        and "company_id" in part.column_keys
        and nullable.isdisjoint(part.column_keys)
        and not part.elements[0].target_fullname.startswith((f"{name}.", "companies."))
        for part in parts
    )


# Alembic compares the metadata with what it reads back: teach the dialect this one type.
pg.base.ischema_names["xid8"] = Xid8
