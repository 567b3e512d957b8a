"""What is kept long enough is forgotten, of every company, and nothing younger; nothing happens twice."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from api.retention import purge
from core.events.relay import Consumer, Event, Relay
from core.ids import new_id
from core.postgres.pools import Database
from tests.support.api_client import Api
from tests.support.companies import Company

NOW = datetime.now(UTC)


async def test_logins_go_when_the_whole_login_is_over(api: Api, database: Database, company: Company) -> None:
    long_ago, lately = NOW - timedelta(days=31), NOW - timedelta(days=29)
    over, running = new_id(), new_id()
    with api.database.connect("owner") as owner:
        for number, (family, expires_at) in enumerate(
            [(over, long_ago), (over, long_ago), (running, long_ago), (running, lately)]
        ):
            owner.execute(
                "insert into sessions (family_id, user_id, refresh_token_sha256, expires_at)"
                " values (%s, %s, %s, %s)",
                [family, company.admin_user_id, bytes([number]), expires_at],
            )
    assert await purge(database, api.app.state.settings, now=NOW) == 2
    assert api.rows("select distinct family_id from sessions") == [(running,)]
    assert await purge(database, api.app.state.settings, now=NOW) == 0


async def test_deliveries_go_and_no_event_has_a_second_effect_even_after_a_restore(
    api: Api, database: Database, two_companies: tuple[Company, Company]
) -> None:
    seen: list[str] = []

    async def note(_: AsyncConnection, event: Event) -> None:
        seen.append(event.payload["name"])

    def relay() -> Relay:
        consumer = Consumer("test", frozenset({"thing.made"}), note)
        return Relay(database, api.database.dsn("reader"), [consumer])

    with api.database.connect("owner") as owner:
        for company in two_companies:
            for name, occurred_at in (("old", NOW - timedelta(days=91)), ("young", NOW)):
                owner.execute(
                    "insert into events"
                    " (company_id, type, aggregate_type, aggregate_id, payload, occurred_at)"
                    " values (%s, 'thing.made', 'thing', %s, jsonb_build_object('name', %s::text), %s)",
                    [company.id, new_id(), name, occurred_at],
                )
    assert await relay().deliver_pending() == 4
    settings = api.app.state.settings
    assert await purge(database, settings, now=NOW) == 0  # delivered just now
    with api.database.connect("owner") as owner:
        owner.execute("update event_deliveries set delivered_at = now() - interval '91 days'")
        owner.execute("update event_consumers set delivered_before_xid = '3'")
    assert await purge(database, settings, now=NOW) == 0  # the cursor has not passed them
    assert await relay().deliver_pending() == 0
    assert await purge(database, settings, now=NOW) == 2
    assert api.scalar("select count(*) from event_deliveries") == 2
    assert await relay().deliver_pending() == 0
    with api.database.connect("owner") as owner:  # ids begin again below the cursor
        owner.execute("update event_consumers set delivered_before_xid = '9000000000'")
    assert await relay().deliver_pending() == 0
    assert sorted(seen) == ["old", "old", "young", "young"]


async def test_words_of_providers_go_and_their_events_stay_known(
    api: Api, database: Database, company: Company
) -> None:
    with api.database.connect("owner") as owner:
        for event_id, status, days in (
            ("old", "processed", 91),
            ("young", "processed", 1),
            ("due", "received", 91),
        ):
            owner.execute(
                "insert into payment_webhooks"
                " (company_id, provider, event_id, type, body_encrypted, status, received_at)"
                " values (%s, 'stripe', %s, 'x', 'words', %s, now() - make_interval(days => %s))",
                [company.id, event_id, status, days],
            )
    assert await purge(database, api.app.state.settings, now=NOW + timedelta(seconds=1)) == 1
    assert dict(api.rows("select event_id, body_encrypted from payment_webhooks")) == {
        "old": "", "young": "words", "due": "words",
    }  # fmt: skip
