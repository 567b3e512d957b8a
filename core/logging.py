"""Structured logs on standard error: readable on a terminal, JSON elsewhere.

Libraries that use the standard logging module come out the same way. Values whose name sounds secret are
replaced before anything is written.
"""

import logging
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

from core.settings import MASK, Settings

_SECRET_WORDS = (
    "password",
    "secret",
    "token",
    "authorization",
    "cookie",
    "api_key",
    "jwt_key",
    "database_url",
)
_TALKATIVE_LIBRARIES = ("alembic", "httpx", "httpcore")


def configure_logging(settings: Settings, *, is_quiet: bool = False) -> None:
    """Set up logging for this process once; ``is_quiet`` keeps only errors."""
    level = logging.ERROR if is_quiet else logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _TALKATIVE_LIBRARIES:
        logging.getLogger(name).setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)


def hide_secrets(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of names that sound secret."""
    for name in event:
        if _sounds_secret(name):
            event[name] = MASK
    return event


@lru_cache(maxsize=1024)
def _sounds_secret(name: str) -> bool:
    """Remembered, because every request is logged with the same few names."""
    return any(word in name.lower() for word in _SECRET_WORDS)


def _renderers(settings: Settings) -> list[structlog.typing.Processor]:
    as_console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    if as_console:
        # The default would print every frame's variables, secrets among them, and takes seconds.
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
