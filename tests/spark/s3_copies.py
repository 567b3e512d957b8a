"""The tests of copies again, on a server that speaks S3 (moto's); part of ``make test-spark``."""

import os
import subprocess
import time
from collections.abc import Iterator
from urllib.error import URLError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from pipelines.transform import PROJECT_FOLDER
from tests.pipelines.test_copies import (
    here,
    test_a_copy_that_was_cut_short_leaves_the_one_before_and_is_finished_by_the_next,
    test_a_copy_with_a_missing_file_is_refused_by_name_and_changes_nothing,
    test_a_fetched_lake_is_the_lake_with_its_newest_results,
    test_a_lake_that_is_newer_or_another_one_is_not_overwritten,
    test_a_published_build_arrives_whole_and_readers_here_see_it,
    test_nothing_to_copy_is_said_in_a_sentence,
    test_only_new_files_travel_and_outdated_ones_go_one_copy_later,
    there,
)
from tests.support.ports import free_port

__all__ = [
    "here",
    "test_a_copy_that_was_cut_short_leaves_the_one_before_and_is_finished_by_the_next",
    "test_a_copy_with_a_missing_file_is_refused_by_name_and_changes_nothing",
    "test_a_fetched_lake_is_the_lake_with_its_newest_results",
    "test_a_lake_that_is_newer_or_another_one_is_not_overwritten",
    "test_a_published_build_arrives_whole_and_readers_here_see_it",
    "test_nothing_to_copy_is_said_in_a_sentence",
    "test_only_new_files_travel_and_outdated_ones_go_one_copy_later",
    "there",
]
SERVER = PROJECT_FOLDER.parent / ".venv-spark" / "bin" / "moto_server"
START_SECONDS = 60


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of this module's own."""
    port = free_port()
    log = (tmp_path_factory.mktemp("moto") / "log").open("w")
    server = subprocess.Popen([SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=START_SECONDS)
        log.close()


@pytest.fixture
def url(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder in a new bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, os.environ.get(name, "testing"))
    bucket = f"b{uuid4().hex}"
    with urlopen(Request(f"http://{s3}/{bucket}", method="PUT"), timeout=START_SECONDS):
        pass
    return f"s3://{bucket}/shops?region=us-east-1&scheme=http&endpoint_override={s3}"


def wait_for(address: str) -> None:
    """Wait until the server answers."""
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(address, timeout=1).close()
            return
        except (URLError, OSError):
            assert time.monotonic() < ends_at, f"{SERVER} did not start; is `make test-spark` set up?"
            time.sleep(0.2)
