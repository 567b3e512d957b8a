"""The settings that the pages run under: given by the command, or loaded as any command would."""

from __future__ import annotations

from core.settings import Settings, load_settings

_given: list[Settings] = []


def configure(settings: Settings) -> None:
    """Let all pages of this process use ``settings``."""
    _given[:] = [settings]


def settings() -> Settings:
    """Return the settings of this process."""
    if not _given:
        _given.append(load_settings())
    return _given[0]
