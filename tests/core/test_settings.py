"""Where a setting comes from, and what is refused."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.settings import MASK, SettingsError, child_environment, explain, load_settings, variables_of


@pytest.fixture(autouse=True)
def empty_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without ``stockwise.toml`` and an environment without our variables."""
    import os

    for name in list(os.environ):
        if name.startswith("STOCKWISE_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def origin_of(name: str, **flags: object) -> tuple[object, str]:
    found = {one.name: one for one in explain(load_settings(flags))}[name]
    return found.value, found.origin


def test_a_default_holds_where_nothing_is_said() -> None:
    assert origin_of("api_port") == (8000, "default")


def test_the_strongest_source_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stockwise.toml").write_text("api_port = 8001\npool_size = 3\nkeep_builds = 9\n")
    monkeypatch.setenv("STOCKWISE_API_PORT", "8002")
    monkeypatch.setenv("STOCKWISE_POOL_SIZE", "4")

    assert origin_of("api_port", api_port=8003) == (8003, "flag")
    assert origin_of("pool_size", api_port=8003) == (4, "env")
    assert origin_of("keep_builds", api_port=8003) == (9, "stockwise.toml")


def test_a_flag_that_was_not_given_counts_for_nothing() -> None:
    assert origin_of("api_port", api_port=None) == (8000, "default")


def test_an_empty_variable_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")

    assert load_settings().database_url is None


def test_paths_follow_home(tmp_path: Path) -> None:
    settings = load_settings({"home": "elsewhere"})

    assert settings.home == tmp_path / "elsewhere"
    assert settings.postgres_folder == tmp_path / "elsewhere" / "postgres"


def test_api_address_follows_host_and_port_unless_it_is_given() -> None:
    assert load_settings({"api_port": 9001}).api_url == "http://127.0.0.1:9001"
    assert (
        load_settings({"api_port": 9001, "api_url": "https://shop.example"}).api_url == "https://shop.example"
    )


def test_our_variable_wins_over_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://usual/one")
    monkeypatch.setenv("STOCKWISE_DATABASE_URL", "postgresql://our/own")

    assert load_settings().database_url == SecretStr("postgresql://our/own")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCKWISE_CORS_ORIGINS", "https://a.example, https://b.example")

    assert load_settings().cors_origins == ["https://a.example", "https://b.example"]


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:very-secret@host/name")

    settings = load_settings()

    assert origin_of("database_url") == (MASK, "env")
    assert "very-secret" not in repr(settings) + str(explain(settings))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().api_port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("STOCKWISE_API_PORT", "0", "Setting api_port (STOCKWISE_API_PORT): input should be greater than"),
        (
            "STOCKWISE_API_PORT",
            "many",
            "Setting api_port (STOCKWISE_API_PORT): input should be a valid integer",
        ),
        ("STOCKWISE_ENV", "staging", "Setting environment (STOCKWISE_ENV): input should be 'development' or"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert refused.value.message.startswith(sentence)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("api_prot = 1\n", "Unknown setting 'api_prot' (stockwise.toml)."),
        ("api_port = \n", "stockwise.toml cannot be read: Invalid value"),
        ('jwt_key = "x"\n', "stockwise.toml holds jwt_key, which is secret."),
    ],
)
def test_a_wrong_file_is_refused(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "stockwise.toml").write_text(content)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert refused.value.message.startswith(sentence)


def test_a_child_process_loads_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stockwise.toml").write_text('cors_origins = ["https://a.example"]\n')
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/name")
    settings = load_settings({"api_port": 9002, "home": "there"})

    environment = child_environment(settings)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert load_settings().model_dump() == settings.model_dump()


def test_the_environment_has_a_name_for_every_setting() -> None:
    assert variables_of("api_port") == ("STOCKWISE_API_PORT",)
    assert variables_of("environment") == ("STOCKWISE_ENV",)
    assert all(one.meaning for one in explain(load_settings()))


def test_the_reference_lists_every_setting() -> None:
    reference = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md").read_text(
        "utf-8"
    )
    rows = [f"| `{one.name}` | `{one.variable}` | {one.meaning} |" for one in explain(load_settings())]

    assert [row for row in rows if row not in reference] == []
