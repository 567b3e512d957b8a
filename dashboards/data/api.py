"""The API as the pages use it: for the person who is logged in, with their token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

TIMEOUT_SECONDS = 15.0


class ApiRefusal(Exception):
    """What the API refused, in its own words."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class ApiUnreachable(Exception):
    """The API did not answer."""


@dataclass(frozen=True)
class Api:
    """Calls to the API under one person's access token."""

    base_url: str
    access_token: str | None = None

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Read."""
        known = {name: value for name, value in parameters.items() if value is not None}
        return self._send("GET", path, params=known)

    def download(self, path: str) -> bytes:
        """Read a file."""
        return self._answer("GET", path).content

    def post(self, path: str, body: Mapping[str, Any], *, idempotency_key: str) -> dict[str, Any]:
        """Write once, however often the same key is sent."""
        return self._send("POST", path, json=body, headers={"Idempotency-Key": idempotency_key})

    def page_session(self, cookie: str, *, company: str | None = None) -> dict[str, Any]:
        """Exchange the login page's cookie for a fresh access token and the person's profile."""
        return self._send(
            "GET",
            "/api/v1/auth/session",
            params={} if company is None else {"company": company},
            cookies={"stockwise_session": cookie},
        )

    def _send(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        content: dict[str, Any] = self._answer(method, path, **sent).json()
        return content

    def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if self.access_token is not None:
            sent["Authorization"] = f"Bearer {self.access_token}"
        try:
            with httpx.Client(
                base_url=self.base_url, timeout=TIMEOUT_SECONDS, cookies=dict(cookies or {}), trust_env=False
            ) as client:
                response = client.request(method, path, params=params, json=json, headers=sent)
        except httpx.HTTPError as error:
            raise ApiUnreachable(str(error)) from error
        if response.is_success:
            return response
        raise _refusal(response)


def _refusal(response: httpx.Response) -> ApiRefusal:
    try:
        problem = response.json()
        return ApiRefusal(response.status_code, str(problem["code"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        return ApiRefusal(response.status_code, "unknown", f"The API answered {response.status_code}.")
