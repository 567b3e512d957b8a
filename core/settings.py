"""Every setting of the product, and where its value came from.

A flag wins over ``STOCKWISE_*`` in the environment, that over ``stockwise.toml`` in the current folder,
that over the default. This module is the only place that reads the environment.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
)

from core.errors import UsageError

Origin = Literal["flag", "env", "stockwise.toml", "default"]
CONFIG_FILE = "stockwise.toml"
ENVIRONMENT_PREFIX = "STOCKWISE_"
MASK = "********"
_SPECIAL_VARIABLES = {
    "environment": ("STOCKWISE_ENV",),
    "database_url": ("STOCKWISE_DATABASE_URL", "DATABASE_URL"),
    "cache_url": ("STOCKWISE_CACHE_URL", "CACHE_URL"),
}

Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(UsageError):
    """A setting has a name or a value that the product does not know."""


def _split_commas(value: object) -> object:
    """Read ``a, b`` from the environment as a list of two."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class Settings(BaseModel):
    """All settings, checked and frozen. Make one with `load_settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: Path = Field(Path(".stockwise"), description="Folder of everything the product writes")
    environment: Literal["development", "production"] = Field("development", description="How strict to be")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="auto: console on a terminal")

    database_url: SecretStr | None = Field(None, description="PostgreSQL 15 or newer; unset: embedded server")
    pool_size: int = Field(8, ge=1, le=200, description="Database connections of one API process")
    lock_timeout_seconds: float = Field(2.0, gt=0, le=60, description="Longest wait for a row lock")

    api_host: str = Field("127.0.0.1", description="Address the API listens on")
    api_port: Port = Field(8000, description="Port the API listens on")
    api_workers: int = Field(1, ge=1, le=64, description="Processes that serve the API")
    api_url: str = Field(
        default_factory=lambda data: f"http://{data['api_host']}:{data['api_port']}",
        description="Address under which other parts reach the API",
    )
    cors_origins: Annotated[list[str], BeforeValidator(_split_commas)] = Field(
        default_factory=list, description="Origins whose pages may call the API"
    )
    access_token_minutes: int = Field(15, ge=1, le=24 * 60, description="Life of an access token")
    refresh_token_days: int = Field(30, ge=1, le=365, description="Life of a refresh token")
    idempotency_hours: int = Field(72, ge=1, le=24 * 30, description="How long a repeated key is answered")
    session_days: int = Field(30, ge=1, le=3650, description="How long logins are kept after they ended")
    event_delivery_days: int = Field(90, ge=1, le=3650, description="How long deliveries of events are known")
    webhook_body_days: int = Field(90, ge=1, le=3650, description="How long webhooks' words are kept")
    report_file_days: int = Field(7, ge=1, le=365, description="How long files of reports are kept")
    report_run_days: int = Field(400, ge=30, le=3650, description="How long it is known who made a report")

    media_url: str | None = Field(None, description="Folder or object-store URL of files; unset: in home")
    media_max_bytes: int = Field(10_000_000, ge=1, le=20_000_000, description="Largest file uploaded")

    dashboards_host: str = Field("127.0.0.1", description="Address the dashboards listen on")
    dashboards_port: Port = Field(8501, description="Port the dashboards listen on")
    dashboards_url: str = Field(
        default_factory=lambda data: f"http://{data['dashboards_host']}:{data['dashboards_port']}",
        description="Address under which browsers reach the dashboards",
    )
    dagster_host: str = Field("127.0.0.1", description="Address of Dagster's web pages")
    dagster_port: Port = Field(3000, description="Port of Dagster's web pages")

    placements_at_once: int = Field(8, ge=1, le=200, description="Orders that one API process places at once")
    placement_wait_seconds: float = Field(
        2.0, gt=0, le=60, description="Longest wait of an order for its turn; then 503"
    )
    cart_lines: int = Field(200, ge=1, le=1000, description="Most lines of a cart")
    cart_line_units: int = Field(1000, ge=1, le=1_000_000, description="Most units of a cart's line")
    cart_coupons: int = Field(5, ge=1, le=20, description="Most coupon codes on a cart")
    cart_saved_items: int = Field(200, ge=1, le=1000, description="Most items saved for later")
    cart_days: int = Field(30, ge=1, le=365, description="Life of a cart that nobody touches")
    cart_abandoned_hours: int = Field(24, ge=1, le=720, description="Idle hours that make a cart abandoned")

    cache_url: SecretStr | None = Field(
        None, description="Redis that all API processes share; unset: each process's memory"
    )
    product_pages: int = Field(
        5000, ge=1, le=1_000_000, description="Product pages that one API process keeps in memory"
    )
    product_view_days: int = Field(400, ge=30, le=3650, description="How long views of products are kept")

    failpoint: str | None = Field(
        None, description="Where a process kills itself; for tests, never in production"
    )

    payment_stub_url: str | None = Field(
        None,
        description="Address of a stub in the place of payment providers; for tests, never in production",
    )
    models_threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256, description="Threads for models and DuckDB"
    )
    keep_builds: int = Field(3, ge=1, le=100, description="Published builds kept for readers")

    feed_open_transaction_minutes: float = Field(
        5, gt=0, le=1440, description="Age of an open transaction that raises an alarm"
    )
    feed_lag_hours: float = Field(
        26, gt=0, le=8760, description="Age of the newest feed that raises an alarm; a day's schedule and two"
    )

    volume_limit: float = Field(
        4, ge=2, le=20, description="Spreads from the usual rows of a weekday beyond which a day is unusual"
    )
    volume_blocks: bool = Field(
        False, description="Whether a sudden fall or rise in rows holds back publication"
    )

    jwt_key: SecretStr | None = Field(None, description="Signs access tokens; unset: made in home")
    owner_password: SecretStr | None = Field(None, description="Of the role that migrates")
    app_password: SecretStr | None = Field(None, description="Of the role that serves")
    reader_password: SecretStr | None = Field(None, description="Of the role that feeds the warehouse")
    postgres_password: SecretStr | None = Field(None, description="Of the embedded server's superuser")
    payment_keys: SecretStr | None = Field(
        None, description="Encrypt payment tokens: newest first, separated by commas; unset: made in home"
    )

    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

    @field_validator("cache_url")
    @classmethod
    def _check_cache_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("Write it as redis://host:6379/0 or rediss://user:password@host:6379/0")
        return url

    @field_validator("home")
    @classmethod
    def _resolve_home(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @property
    def postgres_folder(self) -> Path:
        """Data of the embedded PostgreSQL server."""
        return self.home / "postgres"

    @property
    def lake_folder(self) -> Path:
        """Parquet segments of the feed, manifests and model results."""
        return self.home / "lake"

    @property
    def warehouse_file(self) -> Path:
        """DuckDB file that the pipelines write; readers never open it."""
        return self.home / "warehouse" / "warehouse.duckdb"

    @property
    def published_folder(self) -> Path:
        """Immutable builds and the pointer to the current one."""
        return self.home / "published"

    @property
    def runs_folder(self) -> Path:
        """One report per round of the pipelines."""
        return self.home / "runs"

    @property
    def secrets_folder(self) -> Path:
        """One file, readable by its owner only, per secret made on first start."""
        return self.home / "secrets"

    @property
    def dbt_target_folder(self) -> Path:
        """What dbt compiles and reports."""
        return self.home / "dbt_target"

    @property
    def dagster_folder(self) -> Path:
        """Dagster's instance."""
        return self.home / "dagster"

    @property
    def logs_folder(self) -> Path:
        """Logs of servers that the product starts itself."""
        return self.home / "logs"


@dataclass(frozen=True)
class ExplainedSetting:
    """One setting as a person asks for it: its value (masked if secret) and its origin."""

    name: str
    value: Any
    origin: Origin
    variable: str
    meaning: str


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings; ``overrides`` are flags, of which ``None`` means not given.

    Raises
    ------
    SettingsError
        If a name is unknown or a value does not fit, with its origin in the sentence.
    """
    flags = {name: value for name, value in (overrides or {}).items() if value is not None}
    layers: list[tuple[Origin, dict[str, object]]] = [
        ("stockwise.toml", _read_config_file(Path(CONFIG_FILE))),
        ("env", _read_environment()),
        ("flag", flags),
    ]
    values: dict[str, object] = {}
    origins: dict[str, Origin] = {}
    for origin, layer in layers:
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _describe(error, origins) from None
    settings._origins.update(origins)
    return settings


def explain(settings: Settings) -> list[ExplainedSetting]:
    """List every setting with its value and where it came from; secrets are masked."""
    return [
        ExplainedSetting(
            name=name,
            value=_shown(getattr(settings, name)),
            origin=settings._origins.get(name, "default"),
            variable=variables_of(name)[0],
            meaning=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def child_environment(settings: Settings) -> dict[str, str]:
    """Environment in which a process started by the product loads these same settings."""
    environment = dict(os.environ)
    for name in {"home", *settings._origins}:
        for variable in variables_of(name):
            environment.pop(variable, None)
        value = getattr(settings, name)
        if value is not None:
            environment[variables_of(name)[0]] = _as_text(value)
    return environment


def variables_of(name: str) -> tuple[str, ...]:
    """Environment variables that set a field, the strongest first."""
    return _SPECIAL_VARIABLES.get(name, (ENVIRONMENT_PREFIX + name.upper(),))


def is_secret(name: str) -> bool:
    """Whether a setting is never shown."""
    annotation = Settings.model_fields[name].annotation
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _read_environment() -> dict[str, object]:
    found: dict[str, object] = {}
    for name in Settings.model_fields:
        for variable in variables_of(name):
            if os.environ.get(variable):
                found[name] = os.environ[variable]
                break
    return found


def _read_config_file(file: Path) -> dict[str, object]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"{file} cannot be read: {error}.", hint="Correct the file or remove it."
        ) from None
    kept_out = sorted(name for name in content if name in Settings.model_fields and is_secret(name))
    if kept_out:
        raise SettingsError(
            f"{file} holds {', '.join(kept_out)}, which is secret.",
            hint=f"Set {variables_of(kept_out[0])[0]} in the environment instead.",
        )
    return content


def _describe(error: ValidationError, origins: Mapping[str, Origin]) -> SettingsError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    origin = origins.get(name, "default")
    if first["type"] == "extra_forbidden":
        return SettingsError(
            f"Unknown setting {name!r} ({origin}).",
            hint="Run 'stockwise config' for the names of all settings.",
        )
    reason = first["msg"][:1].lower() + first["msg"][1:]
    where = variables_of(name)[0] if origin == "env" else origin
    return SettingsError(f"Setting {name} ({where}): {reason}.", hint="Run 'stockwise config --help'.")


def _shown(value: object) -> Any:
    if isinstance(value, SecretStr):
        return MASK
    return str(value) if isinstance(value, Path) else value


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
