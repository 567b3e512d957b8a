"""Run the tests, with the Debian packages that some of them need.

As root on Debian a missing package is installed. Elsewhere the tests that need it are left out by name;
with ``CI=true`` none is left out and a missing package is a failure.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A program from outside Python that the tests with one marker need."""

    marker: str
    package: str
    names: tuple[str, ...]
    folders: str = ""

    def is_there(self) -> bool:
        """Whether one of its names is on the path or in its usual folders."""
        on_path = any(shutil.which(name) for name in self.names)
        return on_path or bool(self.folders and any(Path("/").glob(self.folders)))


PROGRAMS = (
    Program("browser", "chromium", ("chromium", "chromium-browser", "google-chrome")),
    Program("debian", "postgresql", (), "usr/lib/postgresql/*/bin/initdb"),
    Program("redis", "redis-server", ("redis-server",)),
)

# One process per core, each with a server of its own; a file's tests stay together and in order. They run
# pipelines: more than four at once need more memory than a small machine has.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")


def main() -> int:
    """Install what is missing where that is possible, then run pytest."""
    missing = [program for program in PROGRAMS if not program.is_there()]
    if missing and can_install():
        install([program.package for program in missing])
        missing = [program for program in missing if not program.is_there()]
    packages = " ".join(program.package for program in missing)
    if missing and os.environ.get("CI") == "true":
        say(f"no test is left out in CI, and these Debian packages cannot be installed: {packages}.")
        return 1
    expression = " and ".join(["not soak", *(f"not {program.marker}" for program in missing)])
    returned = pytest("-m", expression, *SIDE_BY_SIDE, *sys.argv[1:])
    if missing:
        left_out = " or ".join(program.marker for program in missing)
        say(f"left out for want of {packages} (as root: apt-get install {packages}):")
        pytest("--collect-only", "--quiet", "-m", f"({left_out}) and not soak")
    return returned


def can_install() -> bool:
    """Whether this is Debian (or made from it) and we are root."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install(packages: list[str]) -> None:
    """Install Debian packages without questions and without starting a server."""
    say(f"installing Debian packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-qq", *command], env=environment, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            say(f"'apt-get {command[0]}' failed; its message is above.")
            return


def pytest(*options: str) -> int:
    """Run pytest in this Python."""
    # Tests start hundreds of processes: where bytecode may not be kept, each compiles all that it imports.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, "-m", "pytest", *options], env=environment).returncode


def say(message: str) -> None:
    """Messages go to standard error."""
    print(f"test: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
