"""Pages as a logged-in person sees them, in this process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from dashboards import context
from dashboards.data.api import Api
from tests.support.companies import Company
from tests.support.databases import FreshDatabase
from tests.support.visitors import RunningApi

SCRIPT = Path(context.__file__).with_name("app.py")
_TEXTS = ("title", "subheader", "caption", "markdown", "info", "warning", "error", "success")


@dataclass
class Pages:
    """The pages' world: a real API, two companies, and who is logged in."""

    settings: Settings
    api: RunningApi
    database: FreshDatabase
    acme: Company
    bolt: Company
    cookie: str | None = None

    def log_in(self, email: str) -> None:
        """Log in through the API's form; what is opened from now on has the cookie."""
        self.cookie = self.api.log_in(email)

    def client(self) -> Api:
        """The pages' client of the API, for the person who is logged in."""
        return Api(self.api.url, self._token())

    def report(self, name: str, **question: Any) -> dict[str, Any]:
        """Ask the API for a report of analytics as that person, past the pages' own client."""
        answer = httpx.get(
            f"{self.api.url}/api/v1/analytics/{name}",
            params=question,
            headers={"Authorization": f"Bearer {self._token()}"},
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def open(self, page: str | None = None, **address: str) -> AppTest:
        """Open a page as a browser would: from nothing but its address and the cookie."""
        at = AppTest.from_file(SCRIPT, default_timeout=60)
        if page is not None:
            # The menu is known after a run. What the address says would be lost on the way from another
            # page, as it is in a browser: a link opens a session of its own.
            at.run()
            at.switch_page(f"views/{page}.py")
            if address:
                place, at = at._page_hash, AppTest.from_file(SCRIPT, default_timeout=60)
                at._page_hash = place
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception
        return at

    def _token(self) -> str:
        return str(Api(self.api.url).page_session(str(self.cookie))["access_token"])


def words(at: AppTest) -> str:
    """Return all that a page says in texts, notices and tables."""
    said = [element.value for kind in _TEXTS for element in at.get(kind)]
    said += [f"{metric.label} {metric.value}" for metric in at.metric]
    said += [table.value.to_csv() for kind in ("dataframe", "table") for table in at.get(kind)]
    return "\n".join(said)


def figure(at: AppTest, label: str) -> str:
    """Return a headline figure."""
    (value,) = (metric.value for metric in at.metric if metric.label == label)
    return str(value)
