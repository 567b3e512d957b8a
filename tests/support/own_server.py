"""A PostgreSQL server of somebody's own: not the product's, reached by DATABASE_URL."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.support.ports import free_port

SUPERUSER = "boss"
PASSWORD = "p@ss word/%"


@dataclass(frozen=True)
class OwnServer:
    """A running server with scram passwords, on a network port of this machine."""

    port: int
    folder: Path

    def url(self, user: str = SUPERUSER, *, database: str, password: str = PASSWORD) -> str:
        """Return an address as a person would write it."""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def fetch(self, query: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a query as the superuser."""
        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]


def find_debian_programs() -> Path | None:
    """Return the folder of Debian's newest installed server, of version 15 or newer."""
    found = [
        (int(match.group(1)), folder)
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (match := re.fullmatch(r"(\d+)", folder.parent.name)) and (folder / "postgres").exists()
    ]
    return max(found)[1] if found and max(found)[0] >= 15 else None


@contextmanager
def run_own_server(programs: Path, folder: Path) -> Iterator[OwnServer]:
    """Make a cluster in ``folder``, which others must be able to enter, and run it meanwhile."""
    user = _server_user()
    data, password_file = folder / "data", folder / "password"
    folder.mkdir(exist_ok=True)
    password_file.write_text(PASSWORD)
    os.chown(folder, user.pw_uid, user.pw_gid)
    os.chown(password_file, user.pw_uid, user.pw_gid)
    rights: dict[str, Any] = {"cwd": "/", "env": {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}}
    if os.geteuid() == 0:
        rights |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", password_file,
         "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True, capture_output=True, **rights,
    )  # fmt: skip
    port = free_port()
    settings = {
        "port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
        "synchronous_commit": "off", "full_page_writes": "off",
    }  # fmt: skip
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, **rights
        )
    server = OwnServer(port, folder)
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        shutil.rmtree(folder)


def _server_user() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in ("postgres", "pgserver", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no system user to run a server as")


def _wait_until_ready(server: OwnServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            return server.execute("select 1")
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
