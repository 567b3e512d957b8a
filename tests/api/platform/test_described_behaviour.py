"""Check 43: the API does what its OpenAPI document says, asked by schemathesis, with all of its checks."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.identity.tokens import AccessTokens, Grant
from core.secrets import load_secrets
from tests.support.api_processes import ApiProcesses, run_api

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
LONGEST_SECONDS = 3_000


@pytest.fixture(scope="module")
def served() -> Iterator[ApiProcesses]:
    with run_api(workers=2) as api:
        yield api


def admin_of_a_company(api: ApiProcesses) -> str:
    """Return a token that may use nearly every operation of a company with stock."""
    company = api.add_company(on_hand_units=1_000_000)
    tokens = AccessTokens(key=load_secrets(api.settings).jwt_key, lifetime=timedelta(hours=3))
    grant = Grant(
        user_id=company.admin_user_id,
        email="admin@example.com",
        roles=frozenset({"company_admin", "customer"}),
        company_id=company.id,
        customer_id=company.customer_id,
    )
    return tokens.issue(grant, now=datetime.now(UTC))


def ask(api: ApiProcesses, folder: Path, *options: str) -> None:
    """Run schemathesis against the served API; its report is the message of a failure."""
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    asked = subprocess.run(
        [
            *command,
            "--config-file",
            str(CONFIGURATION),
            "run",
            f"{api.url}/api/v1/openapi.json",
            "--url",
            api.url,
            "--header",
            f"Authorization: Bearer {admin_of_a_company(api)}",
            "--seed",
            "1",
            "--no-shrink",
            "--warnings",
            "off",
            "--suppress-health-check",
            "all",
            "--workers",
            "2",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
    )
    assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr[-2_000:]


@pytest.mark.slow
def test_a_few_requests_to_every_operation_are_answered_as_described(
    served: ApiProcesses, tmp_path: Path
) -> None:
    ask(served, tmp_path, "--phases", "fuzzing", "--max-examples", "3")


@pytest.mark.soak
def test_a_hundred_requests_to_every_operation_are_answered_as_described(
    served: ApiProcesses, tmp_path: Path
) -> None:
    ask(served, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "100")
