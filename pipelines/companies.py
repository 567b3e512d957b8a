"""The companies of a round, with what the models need to know of each."""

import json
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import polars as pl

from core.warehouse import Warehouse
from models.replenishment import PlanSettings, ReplenishmentInputError
from models.replenishment.calendars import WorkingCalendar

_NUMBERS = {field.name for field in fields(PlanSettings)} - {"calendar"}
_SHARES = {"carrying_rate_ratio", "goodwill_ratio"}  # the other numbers are whole days


@dataclass(frozen=True)
class ModelledCompany:
    """A company and its days, in its own time zone.

    ``as_of`` is the day of the plan, whose orders may still be coming in, so models learn up to the day
    before. ``settings_problem`` says why the company's own settings were set aside for the defaults.
    """

    id: str
    name: str
    slug: str
    as_of: date
    plan_settings: PlanSettings
    settings_problem: str | None

    @property
    def training_end(self) -> date:
        """The last whole day."""
        return self.as_of - timedelta(days=1)


def read_companies(warehouse: Warehouse) -> list[ModelledCompany]:
    """Read the companies in a fixed order."""
    rows = warehouse.rows(
        "select company_id, name, slug, horizon_date, planning_settings"
        " from marts.dim_company order by company_id"
    )
    return [_company(row) for row in rows]


def read_frame(warehouse: Warehouse, sql: str, company: ModelledCompany) -> pl.DataFrame:
    """Read one company's rows; the query names the company as ``$company_id``."""
    frame = pl.from_arrow(warehouse.query(sql, {"company_id": company.id}))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _company(row: dict[str, Any]) -> ModelledCompany:
    try:
        settings, problem = parse_plan_settings(json.loads(row["planning_settings"] or "{}")), None
    except (ReplenishmentInputError, TypeError, ValueError) as error:
        settings = PlanSettings()
        problem = f"Planning settings of {row['name']} are not usable ({error}); the defaults were used."
    return ModelledCompany(
        id=row["company_id"],
        name=row["name"],
        slug=row["slug"],
        as_of=row["horizon_date"],
        plan_settings=settings,
        settings_problem=problem,
    )


def parse_plan_settings(given: dict[str, Any]) -> PlanSettings:
    """Make settings from a company's own; what it does not say keeps its default.

    ``working_weekdays`` ("12345", Monday is 1) and ``holidays`` (ISO dates) make the calendar; names that
    the planner does not know belong to others and are passed over.

    Raises
    ------
    ReplenishmentInputError, TypeError or ValueError
        If a known name has a value that does not fit.

    Examples
    --------
    >>> parse_plan_settings({"review_days": 14, "theme": "dark"}).review_days
    14
    """
    numbers = {name: value for name, value in given.items() if name in _NUMBERS and value is not None}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float if name in _SHARES else int):
            raise TypeError(f"{name} must be a {'number' if name in _SHARES else 'whole number of days'}")
    weekdays = str(given.get("working_weekdays") or "12345")
    calendar = WorkingCalendar(
        weekdays=tuple(str(day) in weekdays for day in range(1, 8)),  # type: ignore[arg-type]
        holidays=tuple(date.fromisoformat(day) for day in given.get("holidays") or ()),
    )
    return PlanSettings(**numbers, calendar=calendar)
