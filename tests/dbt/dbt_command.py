"""dbt commands that a round does not give, in this process."""

from typing import Any

import pytest

from core.settings import Settings
from pipelines.transform import PROJECT_FOLDER


def run_dbt(settings: Settings, *arguments: str, target: str = "command") -> tuple[Any, list[str]]:
    """Run a dbt command on the settings' warehouse; return its result and what it warned of."""
    from dbt.cli.main import dbtRunner

    warnings: list[str] = []

    def note(event: Any) -> None:
        if event.info.level == "warn":
            warnings.append(event.info.msg)

    folders = {
        "--project-dir": PROJECT_FOLDER,
        "--profiles-dir": PROJECT_FOLDER,
        "--target-path": settings.dbt_target_folder / target,
        "--log-path": settings.logs_folder,
    }
    options = [part for name, folder in folders.items() for part in (name, str(folder))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STOCKWISE_WAREHOUSE_FILE", str(settings.warehouse_file))
        outcome = dbtRunner(callbacks=[note]).invoke(
            [arguments[0], "--log-level", "none", *options, *arguments[1:]]
        )
    assert outcome.exception is None, outcome.exception
    return outcome.result, warnings
