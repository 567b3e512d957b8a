"""How a report is asked for and answered: the caller's shops, the build, 304 where it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from api.access import CurrentCaller
from api.analytics.errors import InvalidPeriod, UnknownCategory, UnknownShop
from api.analytics.service import Question, require_known, shops_of
from api.dependencies import AppSettings, Now
from api.errors import Forbidden, NothingPublishedYet, responses_for
from api.published import IfNoneMatch, mark_version, read_snapshot, version_for
from api.schemas import Day
from core.published import Snapshot, current_build

From = Annotated[Day | None, Query(alias="from", description="First day, in the company's time zone")]
To = Annotated[Day | None, Query(alias="to", description="Last day, included")]
Shop = Annotated[UUID | None, Query(alias="shop_id", description="One shop; all of yours without it")]
Category = Annotated[UUID | None, Query(description="A category with all below it")]
Compare = Annotated[
    Literal["none", "previous", "last_year"],
    Query(description="The same weekdays before, or 52 weeks before"),
]
Interval = Literal["day", "week", "month", "quarter"]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows of each list")]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The build you know is current"}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    **responses_for(NothingPublishedYet, Forbidden, InvalidPeriod, UnknownShop, UnknownCategory),
    **NOT_MODIFIED,
}


@dataclass(frozen=True)
class Asked:
    """The days, shop and category of a question, as the query gives them."""

    first_date: From = None
    last_date: To = None
    category_id: Category = None


@dataclass(frozen=True)
class Visit:
    """What every report of a visit needs: who asks, and what they know already."""

    caller: CurrentCaller
    settings: AppSettings
    now: Now
    response: Response
    known: IfNoneMatch = None

    async def answer(
        self,
        ask: Callable[[Snapshot, Question], dict[str, Any]],
        asked: Asked,
        *,
        shop_id: UUID | None = None,
        company_id: UUID | None = None,
        compare: Literal["none", "previous", "last_year"] = "none",
    ) -> Any:
        """Answer from the current build, or 304 where it is known; rights on the shop are looked at first."""
        build = current_build(self.settings)
        wanted = None if shop_id is None else str(shop_id)
        category = None if asked.category_id is None else str(asked.category_id)
        question = Question(
            first_date=asked.first_date,
            last_date=asked.last_date,
            shop_ids=shops_of(self.caller, wanted),
            now=self.now,
            category_id=category,
            compare=compare,
        )
        company = company_id or self.caller.require_company()
        if build is not None and self.known == f'"{self.version(build.build_id, company)}"':
            return Response(status_code=304)

        def report(snapshot: Snapshot) -> dict[str, Any]:
            require_known(snapshot, shop_id=wanted, category_id=category)
            return ask(snapshot, question)

        found = await read_snapshot(self.settings, company, report)
        mark_version(self.response, self.version(found["build"].build_id, company))
        return found

    def version(self, build_id: str, company_id: UUID) -> str:
        """Name what this caller is told of a build."""
        return version_for(build_id, company_id=company_id, shop_ids=self.caller.reachable_shop_ids)


CurrentVisit = Annotated[Visit, Depends()]
AskedDays = Annotated[Asked, Depends()]
