"""Secrets are made once, kept close, and must be one's own in production."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.secrets import (
    SHORTEST_SECRET_CHARACTERS,
    Secrets,
    UnsafeProductionError,
    is_encrypted_or_local,
    load_secrets,
    require_safe_production,
)
from core.settings import Settings

NAMES = ("jwt_key", "owner_password", "app_password", "reader_password", "postgres_password", "payment_keys")
OWN = {name: f"{name}-Zq8mT4xW1vB7nK2rY9sD6fH3jL5" for name in NAMES}


def settings_for(home: Path, **values: Any) -> Settings:
    return Settings.model_validate({"home": home, **values})


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = load_secrets(settings_for(tmp_path))

    assert load_secrets(settings_for(tmp_path)) == first
    assert len({getattr(first, name) for name in NAMES}) == len(NAMES)
    assert all(len(getattr(first, name)) >= SHORTEST_SECRET_CHARACTERS for name in NAMES)


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    load_secrets(settings_for(tmp_path))

    files = [tmp_path / "secrets" / name for name in NAMES]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * len(NAMES)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_two_first_starts_at_once_agree(tmp_path: Path) -> None:
    program = (
        "import sys; from core.settings import load_settings; from core.secrets import load_secrets;"
        "print(load_secrets(load_settings({'home': sys.argv[1]})).jwt_key)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    root = Path(__file__).resolve().parents[2]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(4)]
    said = [start.communicate()[0].strip() for start in starts]

    assert len(set(said)) == 1
    assert said[0] == load_secrets(settings_for(tmp_path)).jwt_key


def test_a_file_cut_short_by_a_crash_is_made_again(tmp_path: Path) -> None:
    load_secrets(settings_for(tmp_path))
    (tmp_path / "secrets" / "jwt_key").write_text("")

    assert len(load_secrets(settings_for(tmp_path)).jwt_key) >= SHORTEST_SECRET_CHARACTERS


def test_the_environment_wins_and_leaves_no_file(tmp_path: Path) -> None:
    assert load_secrets(settings_for(tmp_path, **OWN)) == Secrets(**OWN)
    assert not (tmp_path / "secrets").exists()


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    assert str(load_secrets(settings_for(tmp_path, **OWN))) == "Secrets()"


def test_production_refuses_a_generated_secret_and_makes_none(tmp_path: Path) -> None:
    load_secrets(settings_for(tmp_path))  # a development start left files
    given = {name: value for name, value in OWN.items() if name != "app_password"}

    with pytest.raises(UnsafeProductionError, match="its own app_password"):
        load_secrets(settings_for(tmp_path, environment="production", **given))


@pytest.mark.parametrize("weak", ["changeme", "a" * 64, "short-but-Mixed-1"])
def test_production_refuses_a_secret_that_can_be_guessed(weak: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeProductionError, match="STOCKWISE_JWT_KEY: it is too easy"):
        load_secrets(settings_for(tmp_path, environment="production", **{**OWN, "jwt_key": weak}))


def test_production_starts_on_own_secrets(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, environment="production", **OWN)

    require_safe_production(settings)

    assert load_secrets(settings) == Secrets(**OWN)


def test_an_external_server_needs_no_superuser_secret(tmp_path: Path) -> None:
    own = {name: value for name, value in OWN.items() if name != "postgres_password"}
    address = "postgresql://u@db.example/x?sslmode=verify-full"

    require_safe_production(settings_for(tmp_path, environment="production", database_url=address, **own))


def test_production_refuses_cors_for_everybody(tmp_path: Path) -> None:
    with pytest.raises(UnsafeProductionError, match="CORS"):
        require_safe_production(settings_for(tmp_path, environment="production", cors_origins=["*"], **OWN))


def test_development_may_do_all_that(tmp_path: Path) -> None:
    require_safe_production(
        settings_for(tmp_path, cors_origins=["*"], database_url="postgresql://u:p@db.example/x", jwt_key="x")
    )


def test_production_refuses_an_unencrypted_remote_database(tmp_path: Path) -> None:
    settings = settings_for(
        tmp_path, environment="production", database_url="postgresql://u:p@db.example/x?sslmode=prefer", **OWN
    )

    with pytest.raises(UnsafeProductionError, match="unencrypted") as refused:
        require_safe_production(settings)

    assert "p@db" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("redis://cache.example:6379/0", False),
        ("redis://user:secret@10.0.0.7/0", False),
        ("redis://127.0.0.1:6379/0", True),
        ("rediss://user:secret@cache.example:6380/0", True),
    ],
)
def test_production_refuses_an_unencrypted_remote_cache(tmp_path: Path, address: str, is_safe: bool) -> None:
    settings = settings_for(tmp_path, environment="production", cache_url=address, **OWN)
    with nullcontext() if is_safe else pytest.raises(UnsafeProductionError, match="remote cache"):
        require_safe_production(settings)


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("postgresql://u@db.example/x", False),
        ("postgresql://u@db.example/x?sslmode=prefer", False),
        ("postgresql://u@db.example/x?sslmode=require", True),
        ("postgresql+psycopg://u@db.example/x?sslmode=verify-full", True),
        ("host=db.example dbname=x sslmode=verify-ca", True),
        ("host=db.example dbname=x", False),
        ("postgresql://u@localhost,db.example/x", False),
        ("postgresql://u@127.0.0.1:5432/x", True),
        ("postgresql:///x?host=/var/run/postgresql", True),
        ("dbname=x hostaddr=203.0.113.7", False),
        ("postgresql:///x", True),
    ],
)
def test_what_counts_as_encrypted_or_local(address: str, is_safe: bool) -> None:
    assert is_encrypted_or_local(address) is is_safe


def test_an_address_of_something_else_is_refused() -> None:
    with pytest.raises(UsageError, match="not an address"):
        is_encrypted_or_local("mysql://u@db.example/x")
