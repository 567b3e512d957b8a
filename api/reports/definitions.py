"""Use cases of saved reports: save, read, change, archive. Whoever saved one changes it, or an admin."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import Conflict, Forbidden, NotFound
from api.reports import queries
from api.reports.asking import require_answerable
from api.reports.schemas import DefinitionCreate, DefinitionRead, DefinitionUpdate, QuestionWrite
from core.ids import new_id

MOST_DEFINITIONS = 200
_NEVER_EMPTY = ("name", "description", "is_shared", "question", "format")


async def save(
    connection: AsyncConnection, definition: DefinitionCreate, *, caller: Caller
) -> DefinitionRead:
    """Save a report that can be asked so; not more than a person keeps track of."""
    company_id = caller.require_company()
    require_answerable(definition.question, caller=caller, pointer="/question")
    if await queries.count_definitions(connection, company_id, user_id=caller.user_id) >= MOST_DEFINITIONS:
        raise Conflict(f"A person keeps {MOST_DEFINITIONS} reports at most. Archive some first.")
    row = await queries.insert_definition(
        connection,
        {
            **definition.model_dump(mode="json"),
            "company_id": company_id,
            "id": new_id(),
            "owner_user_id": caller.user_id,
        },
    )
    return described(row, caller)


async def read(connection: AsyncConnection, definition_id: UUID, *, caller: Caller) -> DefinitionRead:
    """Read one's own definition, or one that is shared."""
    row = await queries.get_definition(
        connection, caller.require_company(), definition_id, user_id=caller.user_id
    )
    if row is None:
        raise NotFound
    return described(row, caller)


async def change(
    connection: AsyncConnection,
    definition_id: UUID,
    changes: DefinitionUpdate,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> DefinitionRead:
    """Change a definition; reports that were made of it stay as they are."""
    row = await _lock(connection, definition_id, caller=caller, if_match=if_match)
    if changes.question is not None:
        require_answerable(changes.question, caller=caller, pointer="/question")
    values = changes.model_dump(mode="json", exclude_unset=True)
    values = {name: value for name, value in values.items() if value is not None or name not in _NEVER_EMPTY}
    if not values:
        return described(row, caller)
    changed = await queries.update_definition(
        connection, caller.require_company(), definition_id, {**values, "updated_at": now}
    )
    return described(changed, caller)


async def archive(
    connection: AsyncConnection, definition_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Archive a definition."""
    await _lock(connection, definition_id, caller=caller, if_match=if_match)
    await queries.update_definition(
        connection, caller.require_company(), definition_id, {"archived_at": now, "updated_at": now}
    )


def described(row: queries.Row, caller: Caller) -> DefinitionRead:
    """Say a definition as its reader sees it."""
    return DefinitionRead.model_validate(
        {
            **row,
            "question": QuestionWrite.model_validate(row["question"]),
            "is_own": row["owner_user_id"] == caller.user_id,
        }
    )


async def _lock(
    connection: AsyncConnection, definition_id: UUID, *, caller: Caller, if_match: str | None
) -> queries.Row:
    row = await queries.get_definition(
        connection, caller.require_company(), definition_id, user_id=caller.user_id, for_update=True
    )
    if row is None:
        raise NotFound
    is_admin = caller.reachable_shop_ids is None
    if row["owner_user_id"] != caller.user_id and not is_admin:
        raise Forbidden("Whoever saved this report changes it. Save a copy of your own.")
    require_version(if_match, described(row, caller))
    return row
