"""Ways to pay, saved methods, accounts with providers, and providers' webhooks."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfMatchOfKnown, IfNoneMatch, answer, require_version
from api.dependencies import AppDatabase, AppSettings, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.payments import accounts, charging, operations, saved, webhooks
from api.payments.desk import AppDesk
from api.payments.errors import (
    CardNumberRefused,
    GatewayNotConfigured,
    PaymentOutcomeUnknown,
    TestCredentialsRefused,
    UnknownPaymentMethod,
    WebhookRefused,
)
from api.payments.gateways.contract import AnswerLost, GatewayRequest, KeptMethod
from api.payments.rows import Row
from api.payments.schemas import (
    GatewayList,
    GatewayRead,
    MethodChange,
    MethodList,
    MethodRead,
    PayPalAccount,
    Provider,
    SavedMethodCreate,
    SavedMethodList,
    SavedMethodRead,
    StripeAccount,
    WebhookTaken,
)
from core.events.outbox import append_event
from core.postgres.transaction import constraint_name, run_in_transaction, transaction

router = APIRouter(prefix="/payments", tags=["payments"])
_TEST_KEYS = ("sk_test_", "rk_test_")
_NO_AMOUNT = Decimal(0)


@router.get("/methods")
async def list_methods(
    caller: CurrentCaller, database: AppDatabase, is_active: bool | None = None
) -> MethodList:
    """List the ways to pay in the order in which to show them; a company begins with all seven."""
    company_id = caller.require_company()

    async def work(connection: AsyncConnection) -> MethodList:
        if not await accounts.list_methods(connection, company_id):
            await accounts.ensure_methods(connection, company_id)
        rows = await accounts.list_methods(connection, company_id, is_active=is_active)
        return MethodList(items=[MethodRead.model_validate(row) for row in rows])

    return await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)


@router.get("/methods/{method_id}", response_model=MethodRead, responses=responses_for(NotFound))
async def read_method(
    method_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    request: Request,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a way to pay, with its version."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        row = await accounts.find_method(connection, company_id, method_id=method_id)
    if row is None:
        raise NotFound
    return answer(MethodRead.model_validate(row), request)


@router.patch(
    "/methods/{method_id}",
    response_model=MethodRead,
    responses=responses_for(*VERSION_ERRORS, NotFound, AlreadyExists),
)
async def change_method(
    method_id: UUID,
    change: MethodChange,
    caller: CurrentCaller,
    database: AppDatabase,
    request: Request,
    if_match: IfMatch = None,
) -> Response:
    """Rename a way to pay, move it, switch it on or off, or let another provider carry it out."""
    company_id = caller.require_company()

    async def work(connection: AsyncConnection) -> MethodRead:
        row = await accounts.find_method(connection, company_id, method_id=method_id, is_locked=True)
        if row is None:
            raise NotFound
        require_version(if_match, MethodRead.model_validate(row))
        values = change.model_dump(exclude_none=True)
        if values:
            try:
                await accounts.change_method(connection, row, **values)
            except Exception as error:
                if constraint_name(error) == "uq_payment_methods_company_id_name":
                    raise AlreadyExists(pointer="/name") from None
                raise
            await _tell_changed(connection, company_id, "payment_method.updated", row["id"], values, caller)
        changed = await accounts.find_method(connection, company_id, method_id=method_id)
        return MethodRead.model_validate(changed)

    body = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(body, request)


@router.get("/saved-methods", responses=responses_for(NotFound))
async def list_saved_methods(caller: CurrentCaller, database: AppDatabase) -> SavedMethodList:
    """List one's own saved payment methods, the default first."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await saved.list_saved(connection, caller=caller)
    return SavedMethodList(items=[saved.to_read(row) for row in rows])


@router.post(
    "/saved-methods",
    status_code=201,
    response_model=SavedMethodRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        NotFound,
        CardNumberRefused,
        UnknownPaymentMethod,
        GatewayNotConfigured,
        PaymentOutcomeUnknown,
    ),
)
async def save_method(
    wanted: SavedMethodCreate, keyed: Keyed, caller: CurrentCaller, desk: AppDesk
) -> Response:
    """Keep a provider's token for the next time."""
    charging.refuse_card_numbers(wanted.model_dump(mode="json"))
    company_id, customer_id = caller.require_company(), saved.customer_of(caller)
    async with transaction(desk.database, company_id=company_id, user_id=caller.user_id) as connection:
        await accounts.ensure_methods(connection, company_id)
        method = await accounts.find_method(connection, company_id, code=wanted.method)
        if method is None or not method["is_active"]:
            raise UnknownPaymentMethod(pointer="/method")
        gateway = await desk.gateway(connection, company_id, method["provider"])
        known = [
            row for row in await saved.list_saved(connection, caller=caller)
            if row["provider"] == method["provider"]
        ]  # fmt: skip
    request = GatewayRequest(
        key=f"keep-{operations.request_key_of(keyed).rsplit(' ', 1)[1]}",
        company_id=company_id,
        payment_id=customer_id,
        transaction_number="",
        amount=_NO_AMOUNT,
        currency="",
        method_code=wanted.method,
        token=wanted.token,
        gateway_customer_id=known[0]["gateway_customer_id"] if known else None,
    )
    try:
        kept: KeptMethod = await gateway.keep(request)
    except AnswerLost:
        raise PaymentOutcomeUnknown from None

    async def work(connection: AsyncConnection) -> Outcome:
        saved_id = await saved.add_saved(
            connection, desk.vault, method, kept, caller=caller, is_default=wanted.is_default
        )
        row = await saved.find_saved(connection, saved_id, caller=caller)
        return Outcome(saved.to_read(row), resource_id=saved_id)

    return await answer_once(desk.database, keyed, work)


@router.put("/saved-methods/{saved_method_id}/default", responses=responses_for(NotFound))
async def make_default(
    saved_method_id: UUID, caller: CurrentCaller, database: AppDatabase
) -> SavedMethodRead:
    """Make a saved method the one that is offered first."""

    async def work(connection: AsyncConnection) -> SavedMethodRead:
        await saved.make_default(connection, saved_method_id, caller=caller)
        return saved.to_read(await saved.find_saved(connection, saved_method_id, caller=caller))

    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )


@router.delete("/saved-methods/{saved_method_id}", status_code=204, responses=responses_for(NotFound))
async def forget_method(saved_method_id: UUID, caller: CurrentCaller, database: AppDatabase) -> None:
    """Forget a saved method; its token is gone at once."""

    async def work(connection: AsyncConnection) -> None:
        await saved.archive(connection, saved_method_id, caller=caller)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@router.get("/gateways")
async def list_gateways(caller: CurrentCaller, database: AppDatabase) -> GatewayList:
    """List the company's accounts with providers, without their credentials."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await accounts.list_accounts(connection, company_id)
    return GatewayList(items=[_to_read(row) for row in rows])


@router.get("/gateways/{gateway_id}", response_model=GatewayRead, responses=responses_for(NotFound))
async def read_gateway(
    gateway_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    request: Request,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read an account with a provider, with its version."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await accounts.list_accounts(connection, company_id)
    found = [row for row in rows if row["id"] == gateway_id]
    if not found:
        raise NotFound
    return answer(_to_read(found[0]), request)


@router.put(
    "/gateways",
    response_model=GatewayRead,
    responses=responses_for(*VERSION_ERRORS, TestCredentialsRefused),
)
async def save_gateway(
    account: Annotated[StripeAccount | PayPalAccount, Body(discriminator="provider")],
    caller: CurrentCaller,
    desk: AppDesk,
    settings: AppSettings,
    request: Request,
    if_match: IfMatchOfKnown = None,
) -> Response:
    """Keep the credentials of an account with a provider, encrypted; an existing one needs If-Match."""
    provider = account.provider
    credentials, is_live = _credentials(account)
    if settings.environment == "production" and not is_live:
        raise TestCredentialsRefused
    company_id = caller.require_company()

    async def work(connection: AsyncConnection) -> GatewayRead:
        known = await accounts.list_accounts(connection, company_id, provider=provider, is_locked=True)
        if known:
            require_version(if_match, _to_read(known[0]))
        await accounts.save_account(
            connection,
            company_id,
            provider,
            credentials_encrypted=desk.vault.seal(credentials),
            is_live=is_live,
            is_active=account.is_active,
        )
        [row] = await accounts.list_accounts(connection, company_id, provider=provider)
        told = {"provider": provider, "is_live": is_live, "is_active": account.is_active}
        await _tell_changed(connection, company_id, "payment_gateway.updated", row["id"], told, caller)
        return _to_read(row)

    body = await run_in_transaction(desk.database, work, company_id=company_id, user_id=caller.user_id)
    return answer(body, request)


@router.post("/webhooks/{provider}", responses=responses_for(WebhookRefused))
async def take_webhook(
    provider: Provider, request: Request, desk: AppDesk, now: Now, account: UUID
) -> WebhookTaken:
    """Take a provider's webhook: believed by its signature, kept once, applied soon after."""
    body = await request.body()
    await webhooks.take(desk, provider, body, request.headers, account_id=account, now=now)
    return WebhookTaken(received=True)


def _credentials(account: StripeAccount | PayPalAccount) -> tuple[dict[str, Any], bool]:
    """Return what to encrypt, and whether money is real there."""
    if isinstance(account, StripeAccount):
        api_key = account.api_key.get_secret_value()
        credentials = {"api_key": api_key, "webhook_secret": account.webhook_secret.get_secret_value()}
        return credentials, not api_key.startswith(_TEST_KEYS)
    return {
        "client_id": account.client_id.get_secret_value(),
        "client_secret": account.client_secret.get_secret_value(),
        "webhook_id": account.webhook_id,
    }, account.is_live


def _to_read(row: Row) -> GatewayRead:
    path = f"/api/v1/payments/webhooks/{row['provider']}?account={row['id']}"
    return GatewayRead.model_validate({**row, "webhook_path": path})


async def _tell_changed(
    connection: AsyncConnection,
    company_id: UUID,
    type: str,
    aggregate_id: UUID,
    values: dict[str, Any],
    caller: CurrentCaller,
) -> None:
    await append_event(
        connection,
        company_id=company_id,
        type=type,
        aggregate_type=type.partition(".")[0],
        aggregate_id=aggregate_id,
        payload={
            name: value if isinstance(value, (bool, int)) else str(value) for name, value in values.items()
        },
        actor_user_id=caller.user_id,
    )
