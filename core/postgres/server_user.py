"""Which system user runs the embedded server.

PostgreSQL refuses to run as root. Started as root, the server runs as the owner of the home folder, or,
where that is root too, as the system user ``pgserver``. That user must reach the wheel and the data. If a
private folder above them bars it, no permission of that folder is changed: the server alone gets
``CAP_DAC_READ_SEARCH``, the right to pass through folders, which root has and hands on.
"""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.postgres import binaries
from core.postgres.errors import DatabaseError, DatabaseUnavailableError

SYSTEM_USER = "pgserver"
_CAPABILITY = "dac_read_search"
_PROBE_SECONDS = 30
# Nothing of the caller's environment (PGDATA, PGPORT, a locale) reaches the server.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class ServerUser:
    """The user whose rights the server has; ``passes_folders`` if private folders bar it otherwise."""

    uid: int
    gid: int
    name: str
    passes_folders: bool = False

    def take(self, path: Path) -> None:
        """Give ``path`` to this user, where the caller may (root)."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def command(self, arguments: Sequence[str | Path]) -> list[str]:
        """Return ``arguments`` as a command that runs with this user's rights."""
        words = [str(argument) for argument in arguments]
        if not self.passes_folders:
            return words
        return [
            "setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups",
            f"--inh-caps=-all,+{_CAPABILITY}", f"--ambient-caps=-all,+{_CAPABILITY}",
            "--securebits=+no_setuid_fixup",  # else access(2), with which initdb looks, ignores capabilities
            "--", *words,
        ]  # fmt: skip

    def process_options(self) -> dict[str, Any]:
        """Return the options of `subprocess` that go with `command`."""
        options: dict[str, Any] = {"env": _ENVIRONMENT, "stdin": subprocess.DEVNULL, "cwd": "/"}
        if os.geteuid() == 0 and not self.passes_folders:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options


def choose_server_user(home: Path, data_folder: Path) -> ServerUser:
    """Return the user to run the server in ``home`` as, one that reaches programs and data.

    Raises
    ------
    DatabaseError
        If the data belong to someone else.
    DatabaseUnavailableError
        If no user that may run a server reaches the folder; the message says what to do.
    """
    if os.geteuid() != 0:
        return _own_user(data_folder)
    user = _owner_below_root(data_folder) or _owner_below_root(home) or _system_user()
    _open_programs_to_others()
    for candidate in (user, replace(user, passes_folders=True)):
        if _reaches(candidate, home):
            return candidate
    barred = _first_barred_folder(user, home)
    raise DatabaseUnavailableError(
        f"PostgreSQL cannot run as root, and its system user {user.name} cannot enter {barred}.",
        hint=f"Run the command as an ordinary user, set STOCKWISE_HOME to a folder that {user.name} can "
        f"enter (for example /var/lib/stockwise), or allow it with: chmod o+x '{barred}'",
    )


def _own_user(data_folder: Path) -> ServerUser:
    uid = os.geteuid()
    if data_folder.exists() and data_folder.stat().st_uid != uid:
        raise DatabaseError(
            f"The database in {data_folder} belongs to {_name_of(data_folder.stat().st_uid)}, not to you.",
            hint="Run the command as that user (or as root), or set STOCKWISE_HOME to a folder of your own.",
        )
    return ServerUser(uid, os.getegid(), _name_of(uid))


def _owner_below_root(folder: Path) -> ServerUser | None:
    """Return the owner of ``folder`` if it is an ordinary user with a name (initdb asks for one)."""
    try:
        entry = pwd.getpwuid(folder.stat().st_uid)
    except (FileNotFoundError, KeyError):
        return None
    return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name) if entry.pw_uid else None


def _system_user() -> ServerUser:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _add_system_user()
    return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _add_system_user() -> pwd.struct_passwd:
    command = [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        SYSTEM_USER,
    ]
    try:
        subprocess.run(
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PROBE_SECONDS
        )
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, KeyError, subprocess.TimeoutExpired):
        raise DatabaseUnavailableError(
            f"PostgreSQL cannot run as root, and the system user {SYSTEM_USER} could not be added.",
            hint=f"Add it with: {' '.join(command)}   or run the command as an ordinary user.",
        ) from None


def _open_programs_to_others() -> None:
    """Let others read and run the wheel's own files where a strict umask has closed them."""
    if (binaries.program("postgres").stat().st_mode & 0o005) == 0o005:
        return
    for top in (binaries.install_folder(), binaries.shared_libraries_folder()):
        for path in [top, *top.rglob("*")]:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                continue
            path.chmod(stat.S_IMODE(mode) | (0o055 if mode & stat.S_IXUSR else 0o044))


def _reaches(user: ServerUser, home: Path) -> bool:
    """Try it out: enter the home folder and run the server's program."""
    if user.passes_folders and shutil.which("setpriv") is None:
        return False
    script = 'cd "$1" && exec "$2" --version'
    command = user.command(["sh", "-c", script, "sh", home, binaries.program("postgres")])
    try:
        tried = subprocess.run(
            command, check=False, capture_output=True, timeout=_PROBE_SECONDS, **user.process_options()
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _first_barred_folder(user: ServerUser, home: Path) -> Path:
    for target in (home, binaries.program("postgres")):
        for folder in [*reversed(target.parents), target]:
            tried = subprocess.run(
                ["test", "-x", str(folder)], check=False, timeout=_PROBE_SECONDS, **user.process_options()
            )
            if tried.returncode != 0:
                return folder
    return home


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
