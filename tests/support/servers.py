"""Processes that use the embedded server of a home folder, started and killed by tests."""

import os
import pwd
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]
ORDINARY_USER = "nobody"
_PROGRAM = """
import sys
from core.errors import StockwiseError
from core.postgres.server import open_server
from core.settings import load_settings

settings = load_settings({"home": sys.argv[1]}).model_copy(update={"database_url": None})
try:
    server = open_server(settings)
except StockwiseError as error:
    sys.exit(f"{error.message} {error.hint}")
print(server.pid, flush=True)
sys.stdin.readline()
server.close()
"""


@dataclass
class Holder:
    """A process that opened the server of ``home`` and keeps it until told otherwise."""

    process: subprocess.Popen[str]
    server_pid: int | None = None

    @classmethod
    def start(cls, home: Path, *, ordinary_user: bool = False) -> Self:
        """Start a process that opens the server; `wait_until_open` tells when it has."""
        command = [sys.executable, "-c", _PROGRAM, str(home)]
        process = subprocess.Popen(
            as_ordinary_user(command) if ordinary_user else command,
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return cls(process)

    def wait_until_open(self) -> int:
        """Return the pid of the server that the process uses."""
        assert self.process.stdout is not None
        self.server_pid = int(self.process.stdout.readline())
        return self.server_pid

    def leave(self) -> str:
        """Let the process close the server and end; return what it wrote to standard error."""
        _, said = self.process.communicate("\n", timeout=60)
        return said

    def kill(self) -> None:
        """End the process with kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def as_ordinary_user(command: list[str]) -> list[str]:
    """Run ``command`` without root's rights, save for reaching an interpreter in a private folder."""
    if os.geteuid() != 0:
        return command
    user = pwd.getpwnam(ORDINARY_USER)
    capability = "-all,+dac_read_search"
    return [
        "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
        f"--inh-caps={capability}", f"--ambient-caps={capability}", "--", *command,
    ]  # fmt: skip


def give_to_ordinary_user(folder: Path) -> None:
    """Make ``folder`` the ordinary user's, where the tests run as root."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(ORDINARY_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)


def runs(pid: int) -> bool:
    """Whether a process is alive."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def user_of(pid: int) -> Any:
    """Return the name of the user who runs a process."""
    return psutil.Process(pid).username()
