"""The command as its users meet it: help, streams, exit codes, one-sentence errors."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from stockwise import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
EVERY_COMMAND = (
    "demo",
    "serve",
    "dashboards",
    "worker",
    "rotate-payment-keys",
    "run",
    "dagster",
    "import history",
    "import olist",
    "import online-retail",
    "import products",
    "export products",
    "events dead",
    "events retry",
    "feed backfill",
    "feed status",
    "reconcile",
    "report",
    "status",
    "published list",
    "published rollback",
    "warehouse docs",
    "warehouse fetch",
    "warehouse push",
    "warehouse spark-sources",
    "doctor",
    "config",
    "migrate",
    "bench",
    "version",
)


def help_of(command: str) -> str:
    """Help of one command on one line."""
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    return " ".join(done.stdout.split())


def stockwise(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder, as a pipe sees it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("STOCKWISE_", "DATABASE_"))
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "stockwise.py"), *arguments],
        cwd=home,
        env={**kept, "STOCKWISE_HOME": str(home / "home"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_alone_it_names_three_commands(tmp_path: Path) -> None:
    done = stockwise(home=tmp_path)

    assert done.returncode == 0
    assert [word for word in ("demo", "run", "doctor") if f"stockwise {word}" not in done.stdout] == []


def test_help_teaches_the_first_steps(tmp_path: Path) -> None:
    done = stockwise("--help", home=tmp_path)

    assert done.returncode == 0
    assert "First steps: stockwise demo" in done.stdout


def test_help_lists_commands_as_a_new_user_meets_them() -> None:
    group: Any = get_command(app)
    listed = group.list_commands(typer.Context(group))
    panels = [group.commands[name].rich_help_panel for name in listed]
    assert tuple(listed) == COMMANDS
    assert list(dict.fromkeys(panels)) == ["Start here", "Serve", "Data", "Look", "Operate"]


def test_help_waits_for_nothing_heavy() -> None:
    """Half a second on a quiet machine; any of these would add as much again."""
    program = (
        "import sys, stockwise, typer.rich_utils;"
        "heavy = {'pydantic', 'sqlalchemy', 'psycopg', 'duckdb', 'polars', 'numpy', 'dagster', 'fastapi'};"
        "sys.exit(' '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.stderr.strip() == ""


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_command_shows_an_example(command: str) -> None:
    assert f"Example: stockwise {command}" in help_of(command)


def test_no_command_is_left_out_here() -> None:
    registered = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}

    assert registered == {command for command in EVERY_COMMAND if " " not in command}


@pytest.mark.parametrize(
    "command", ["run", "reconcile", "report", "status", "doctor", "config", "bench", "version"]
)
def test_every_reading_command_offers_json(command: str) -> None:
    assert "--json" in help_of(command)


@pytest.mark.parametrize(
    "command", ["run", "import history", "import olist", "import online-retail", "migrate"]
)
def test_writing_commands_offer_a_dry_run(command: str) -> None:
    assert "--dry-run" in help_of(command)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["confg"], "Did you mean 'config'?"),
        (["--bogus"], "No such option: --bogus"),
        (["serve", "--port", "many"], "Invalid value for '--port'"),
        (["bench", "nothing"], "'nothing' is not one of"),
        (["import", "online-retail", "missing.xlsx"], "missing.xlsx' does not exist"),
        (["serve", "--port", "0"], "Setting api_port (flag): input should be greater than or equal to 1."),
    ],
)
def test_wrong_use_is_explained_on_standard_error(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    done = stockwise(*arguments, home=tmp_path, COLUMNS="200")

    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_config_tells_value_and_origin_and_hides_secrets(tmp_path: Path) -> None:
    (tmp_path / "stockwise.toml").write_text("keep_builds = 5\n")
    done = stockwise(
        "config",
        "--json",
        home=tmp_path,
        DATABASE_URL="postgresql://u:very-secret@h/d",
        STOCKWISE_API_PORT="9009",
    )
    told = {one["name"]: (one["value"], one["origin"]) for one in json.loads(done.stdout)}

    assert done.returncode == 0
    assert told["api_port"] == (9009, "env")
    assert told["keep_builds"] == (5, "stockwise.toml")
    assert told["api_host"] == ("127.0.0.1", "default")
    assert told["home"] == (str(tmp_path / "home"), "env")
    assert "very-secret" not in done.stdout + done.stderr


def test_a_global_flag_may_stand_behind_the_command(tmp_path: Path) -> None:
    done = stockwise("config", "--json", "--home", "there", home=tmp_path)
    told = {one["name"]: (one["value"], one["origin"]) for one in json.loads(done.stdout)}

    assert told["home"] == (str(tmp_path / "there"), "flag")


def test_a_wrong_setting_is_one_sentence_with_the_next_step(tmp_path: Path) -> None:
    done = stockwise("config", home=tmp_path, STOCKWISE_API_PORT="99999")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Error: Setting api_port (STOCKWISE_API_PORT): input should be less than or equal to 65535.",
        "  Run 'stockwise config --help'.",
    ]


def test_a_traceback_is_shown_only_when_asked_for(tmp_path: Path) -> None:
    plain = stockwise("config", home=tmp_path, STOCKWISE_ENV="moon")
    debug = stockwise("config", "--debug", home=tmp_path, STOCKWISE_ENV="moon")

    assert "Traceback" not in plain.stderr
    assert "Traceback" in debug.stderr
    assert debug.returncode != 0


def test_doctor_is_content_with_a_new_folder_and_changes_nothing(tmp_path: Path) -> None:
    done = stockwise("doctor", "--json", home=tmp_path)
    states = {one["name"]: one["state"] for one in json.loads(done.stdout)}

    assert done.returncode == 0, done.stdout
    assert {"python", "libraries", "disk", "port of api", "postgresql", "last run", "locks"} <= set(states)
    assert "failed" not in states.values()
    assert list(tmp_path.iterdir()) == []


def test_doctor_fails_on_a_database_of_another_version(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("16\n")

    done = stockwise("doctor", "--json", home=tmp_path)
    found = {one["name"]: one for one in json.loads(done.stdout)}

    assert done.returncode == 1
    assert found["postgresql"]["detail"].endswith("holds data of PostgreSQL 16; the embedded server is 18")
    assert "Error: Not ready: postgresql." in done.stderr


def test_doctor_names_a_database_that_does_not_answer(tmp_path: Path) -> None:
    done = stockwise(
        "doctor", "--json", home=tmp_path, DATABASE_URL="postgresql://u:very-secret@127.0.0.1:1/d"
    )
    found = {one["name"]: one for one in json.loads(done.stdout)}

    assert done.returncode == 1
    assert found["postgresql"]["detail"].startswith("DATABASE_URL does not answer")
    assert "very-secret" not in done.stdout + done.stderr


def test_output_for_a_pipe_has_no_color(tmp_path: Path) -> None:
    done = stockwise("doctor", home=tmp_path)

    assert "\x1b[" not in done.stdout + done.stderr


def test_production_does_not_start_on_generated_secrets(tmp_path: Path) -> None:
    done = stockwise("migrate", home=tmp_path, STOCKWISE_ENV="production")

    assert done.returncode == 1
    assert "Production needs its own jwt_key" in done.stderr
    assert not (tmp_path / "home").exists()


def test_the_demo_stays_out_of_production(tmp_path: Path) -> None:
    done = stockwise("demo", home=tmp_path, STOCKWISE_ENV="production")

    assert done.returncode == 2
    assert "The demo does not belong into production." in done.stderr


def test_ctrl_c_is_one_line_and_130(tmp_path: Path) -> None:
    program = (
        # A suite that a shell runs in the background hands on that this signal is ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import sys, time; sys.argv = ['stockwise', 'doctor'];"
        "import core.doctor; core.doctor.examine = lambda settings: (sys.stderr.write('begun\\n'),"
        " time.sleep(60));"
        "import stockwise; stockwise.main()"
    )
    running = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    assert running.stderr.readline() == "begun\n"
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=30)[1]

    assert running.returncode == 130
    assert said.splitlines() == ["Interrupted; running the command again is safe."]


def test_something_unexpected_is_one_sentence(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['stockwise', 'doctor'];"
        "import core.doctor; core.doctor.examine = lambda settings: 1 / 0;"
        "import stockwise; stockwise.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: Something unexpected happened (ZeroDivisionError: division by zero).",
        "  Run the command again with --debug for the traceback.",
    ]


def test_telemetry_is_off_before_anything_else_is_imported() -> None:
    program = (
        "import sys; sys.argv = ['stockwise', 'version', '--json'];"
        "import stockwise\n"
        "try: stockwise.main()\n"
        "except SystemExit: pass\n"
        "import os\n"
        "names = ('DO_NOT_TRACK', 'DAGSTER_DISABLE_TELEMETRY', 'DBT_SEND_ANONYMOUS_USAGE_STATS',"
        " 'STREAMLIT_BROWSER_GATHER_USAGE_STATS')\n"
        "sys.stderr.write(' '.join(os.environ[name] for name in names))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.stderr == "1 1 false false"
