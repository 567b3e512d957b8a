"""Places where a test lets a process die as if it were killed: between two things that must survive that."""

import os
import signal

from core.settings import Settings


def reach(name: str, settings: Settings) -> None:
    """Kill this process if ``settings.failpoint`` names this place; production never does."""
    if settings.failpoint == name and settings.environment != "production":
        os.kill(os.getpid(), signal.SIGKILL)
