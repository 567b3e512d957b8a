"""Routes of a company's customers: ``/customers``."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.identity.erasing import erase_person
from api.identity.errors import CustomerHasOpenOrders
from api.identity.schemas import ErasureCreate, ErasureRead
from api.media.erasing import remove_files
from api.media.errors import MediaStoreUnavailable
from api.media.storage import open_store

router = APIRouter(prefix="/customers", tags=["customers"])


@router.post(
    "/erasures",
    response_model=ErasureRead,
    responses=responses_for(NotFound, CustomerHasOpenOrders, MediaStoreUnavailable, *IDEMPOTENCY_ERRORS),
)
async def erase_customer(
    wanted: ErasureCreate,
    caller: CurrentCaller,
    key: Keyed,
    database: AppDatabase,
    settings: AppSettings,
    now: Now,
) -> Response:
    """Forget a person: a customer by id, or whoever ordered with an e-mail address, guests too.

    Names, addresses, notes and pictures go; what was sold and charged stays, and so do invoices. It can't be
    undone.
    """
    files: Sequence[str] = ()

    async def work(connection: AsyncConnection) -> Outcome:
        nonlocal files
        erased, files = await erase_person(connection, wanted, caller=caller, now=now)
        return Outcome(erased)

    answer = await answer_once(database, key, work, status_code=200)
    await remove_files(open_store(settings), files)
    return answer
