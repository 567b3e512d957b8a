"""What the product says while it works: progress, logs, and data on the right stream."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from core.logging import configure_logging, hide_secrets
from core.progress import SilentProgress, TerminalProgress
from core.settings import MASK, Settings
from core.terminal import Terminal


@dataclass(frozen=True)
class Line:
    name: str
    amount: Decimal


@dataclass(frozen=True)
class Report:
    ended_at: datetime
    rows_count: int
    lines: tuple[Line, ...]


REPORT = Report(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 1_044_847, (Line("sale", Decimal("12.50")),))


def test_a_pipe_gets_one_line_per_finished_step() -> None:
    written = io.StringIO()
    progress = TerminalProgress(Console(file=written, width=200), steps=2)

    with progress.step("reading", total=10) as step:
        step.advance(10)
        step.note("10 rows")
    with progress.step("writing"):
        pass

    first, second = written.getvalue().splitlines()
    assert first.startswith("[1/2] reading … 0.")
    assert first.endswith(" s, 10 rows")
    assert second.startswith("[2/2] writing … 0.")


def test_a_step_that_fails_is_not_called_done() -> None:
    written = io.StringIO()
    progress = TerminalProgress(Console(file=written))

    with pytest.raises(ValueError, match="broken"), progress.step("reading"):
        raise ValueError("broken")

    assert written.getvalue() == ""


def test_silent_progress_takes_the_same_calls() -> None:
    with SilentProgress().step("reading", total=3) as step:
        step.advance()
        step.note("one")


def test_data_goes_to_standard_output_and_messages_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal.message("working")
    terminal.report(REPORT, as_json=True)

    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "ended_at": "2026-01-02T03:04:05+00:00",
        "rows_count": 1_044_847,
        "lines": [{"name": "sale", "amount": "12.50"}],
    }
    assert said.err == "working\n"


def test_a_report_for_people_groups_digits_and_names_the_zone(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().report(REPORT, as_json=False)

    said = capsys.readouterr().out
    assert "2026-01-02 03:04:05 UTC" in said
    assert "1,044,847" in said
    assert "12.50" in said


def test_quiet_leaves_errors_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(is_quiet=True)
    terminal.message("working")
    with terminal.progress().step("reading"):
        terminal.text("data")

    assert capsys.readouterr() == ("data\n", "")


@pytest.fixture
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_own_logging")
def test_logs_are_json_without_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(home=tmp_path, log_format="json"))
    structlog.get_logger("shop").info("login", email="a@b.example", password="very-secret")
    logging.getLogger("a.library").warning("by the usual way")

    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["email"], ours["password"]) == ("login", "a@b.example", MASK)
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "by the usual way",
        "a.library",
        "warning",
    )


@pytest.mark.usefixtures("_own_logging")
def test_a_traceback_on_a_terminal_shows_no_variables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings(home=tmp_path, log_format="console"))
    try:
        kept = "very-" + "secret"
        raise RuntimeError(len(kept))
    except RuntimeError:
        structlog.get_logger("shop").exception("failed")

    written = capsys.readouterr().err
    assert "RuntimeError: 11" in written
    assert "very-secret" not in written


@pytest.mark.parametrize("name", ["password", "access_token", "Authorization", "api_key", "database_url"])
def test_names_that_sound_secret_are_masked(name: str) -> None:
    assert hide_secrets(None, "info", {name: "very-secret"}) == {name: MASK}
