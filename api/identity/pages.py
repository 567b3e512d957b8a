"""The login page of the dashboards: the only HTML that the API serves.

It sets a session cookie (HttpOnly, SameSite=Lax) and sends the browser to the configured dashboards, never
to an address from the request. A form that another site submits is refused by its ``Origin``.
"""

from __future__ import annotations

import secrets
from html import escape
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter, Cookie, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from api.dependencies import AppDatabase, AppSettings
from api.errors import ApiError
from api.identity import page_sessions
from api.identity.errors import WrongLogin
from api.identity.passwords import LONGEST_PASSWORD
from api.identity.router import PAGE_SESSION_COOKIE, Sessions
from core.settings import Settings

router = APIRouter(include_in_schema=False)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

SessionCookie = Annotated[str | None, Cookie(alias=PAGE_SESSION_COOKIE, max_length=200)]


@router.get("/login", response_class=HTMLResponse)
async def show_login(request: Request, settings: AppSettings) -> HTMLResponse:
    """Show the form."""
    return _page(request, settings, message=None, email="")


@router.post("/login", response_model=None)
async def log_in(
    request: Request,
    settings: AppSettings,
    database: AppDatabase,
    sessions: Sessions,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)] = "",
) -> HTMLResponse | RedirectResponse:
    """Log in and go to the dashboards; or say what is wrong, on the form."""
    page_sessions.refuse_foreign_page(request.headers)
    try:
        if not email.strip() or not password:
            raise WrongLogin
        login = await page_sessions.open_page_session(
            database, email=email, password=password, sessions=sessions
        )
    except ApiError as error:
        if error.status >= 500:
            raise
        return _page(request, settings, message=error.detail, email=email)
    response = RedirectResponse(dashboards_address(request, settings), status_code=303)
    response.set_cookie(
        PAGE_SESSION_COOKIE,
        login.refresh_token,
        max_age=settings.refresh_token_days * 24 * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or settings.environment == "production",
    )
    return response


@router.get("/logout", response_class=HTMLResponse)
async def show_logout(request: Request, settings: AppSettings) -> HTMLResponse:
    """Ask first: a link on any site leads here, and following one must not end a session."""
    return _send_page(request, settings, title="Log out", main=_LOGOUT_FORM)


@router.post("/logout", response_model=None)
async def log_out(
    request: Request, database: AppDatabase, sessions: Sessions, session: SessionCookie = None
) -> RedirectResponse:
    """End the session and show the form again."""
    page_sessions.refuse_foreign_page(request.headers)
    if session:
        await page_sessions.end(database, session, sessions=sessions)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(PAGE_SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    return response


def dashboards_address(request: Request, settings: Settings) -> str:
    """Where the dashboards are, from the settings alone.

    On one's own machine ``localhost`` and ``127.0.0.1`` are two hosts with cookies of their own: then the
    name under which the browser came is kept.
    """
    target, came_to = urlsplit(settings.dashboards_url), request.url.hostname or ""
    if target.hostname not in _LOOPBACK or came_to not in _LOOPBACK:
        return settings.dashboards_url
    host = f"[{came_to}]" if ":" in came_to else came_to
    return urlunsplit(target._replace(netloc=f"{host}:{target.port}" if target.port else host))


def _page(request: Request, settings: Settings, *, message: str | None, email: str) -> HTMLResponse:
    alert = f'<p class="alert" role="alert">{escape(message)}</p>' if message else ""
    main = _LOGIN_FORM.format(alert=alert, email=escape(email, quote=True))
    return _send_page(request, settings, title="Log in", main=main, status=401 if message else 200)


def _send_page(
    request: Request, settings: Settings, *, title: str, main: str, status: int = 200
) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    target = urlsplit(dashboards_address(request, settings))
    body = _PAGE.format(nonce=nonce, title=title, main=main)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'; "
        f"form-action 'self' {target.scheme}://{target.netloc}"
    )
    return HTMLResponse(body, status_code=status, headers={"Content-Security-Policy": policy})


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Stockwise</title>
<style nonce="{nonce}">
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ display: grid; place-items: center; min-height: 100vh; margin: 0; }}
main {{ width: min(22rem, 90vw); }}
label {{ display: block; margin: 1rem 0 .25rem; }}
input {{ width: 100%; box-sizing: border-box; padding: .6rem; font: inherit; }}
button {{ width: 100%; margin-top: 1.5rem; padding: .7rem; font: inherit; cursor: pointer; }}
.alert {{ padding: .6rem; border-left: 4px solid #c0392b; }}
</style>
</head>
<body>
<main>
<h1>Stockwise</h1>
{main}
</main>
</body>
</html>
"""
_LOGIN_FORM = """<p>Log in to see your shops' numbers and restock plans.</p>
{alert}
<form method="post" action="/login">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" value="{email}" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Log in</button>
</form>"""
_LOGOUT_FORM = """<p>Log out of Stockwise on this browser?</p>
<form method="post" action="/logout">
<button type="submit">Log out</button>
</form>"""
