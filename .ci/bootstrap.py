"""Make ``.venv`` with everything in ``requirements.lock``; needs nothing but Python 3.11.

uv is fetched into ``.tools`` from the configured package index and must have the hash written in
``uv-wheels.txt``. Every package must have a hash written in the lock. A stamp in ``.venv`` tells that
nothing changed, so that a second run ends at once.
"""

import fcntl
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from package_index import PackageIndexError, PackageSources, configured_sources, fetch_file

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
ENVIRONMENT = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
WHEELS = ROOT / ".ci" / "uv-wheels.txt"
STAMP = ENVIRONMENT / ".stockwise-stamp"


class SetupError(Exception):
    """Setup cannot go on; the text is one sentence for a person."""


def main() -> int:
    """Set up, or do nothing if that was done; with ``--uv`` only get uv and print its path."""
    try:
        TOOLS.mkdir(exist_ok=True)
        with open(TOOLS / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if "--uv" in sys.argv[1:]:
                print(get_uv(configured_sources()))
            elif not is_up_to_date():
                set_up()
    except (SetupError, PackageIndexError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; run it again to go on.", file=sys.stderr)
        return 130
    return 0


def is_up_to_date() -> bool:
    """Whether the environment is whole and was made from this very lock, here."""
    python_is_there = (ENVIRONMENT / "bin" / "python").exists()
    return python_is_there and STAMP.exists() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """Changes whenever the environment would have to be made again."""
    digest = hashlib.sha256()
    for file in (LOCK, Path(__file__), WHEELS):
        digest.update(file.read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest() + "\n"


def set_up() -> None:
    """Get uv, make the environment, install the lock and the project itself."""
    started = time.monotonic()
    sources = configured_sources()
    uv = get_uv(sources)
    environment = uv_environment(sources)
    STAMP.unlink(missing_ok=True)
    if not (ENVIRONMENT / "bin" / "python").exists():
        run(
            [
                uv,
                "venv",
                "--quiet",
                "--clear",
                "--no-python-downloads",
                "--python",
                sys.executable,
                ENVIRONMENT,
            ],
            environment,
        )
    count = sum("==" in line for line in LOCK.read_text().splitlines())
    say(f"Installing {count} packages from requirements.lock (about 1.7 GB on disk, minutes the first time)")
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    sync = [uv, "pip", "sync", *quiet, "--require-hashes", "--python", ENVIRONMENT / "bin" / "python", LOCK]
    run(sync, environment)
    install_project()
    STAMP.write_text(fingerprint())
    say(f"Ready in {time.monotonic() - started:.0f} s: .venv/bin/stockwise")


def get_uv(sources: PackageSources) -> Path:
    """Return uv's path in the checkout, fetching and checking it first if it is not there."""
    expected_hash, filename = wheel_of_this_platform()
    version = filename.split("-")[1]
    binary = TOOLS / f"uv-{version}" / "uv"
    if binary.exists():
        return binary
    say(f"Getting uv {version} from the configured package index")
    content = fetch_file(sources, project="uv", filename=filename)
    if hashlib.sha256(content).hexdigest() != expected_hash:
        raise SetupError(
            f"{filename} from the package index does not have the hash in .ci/uv-wheels.txt; not used."
        )
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        program = wheel.read(f"uv-{version}.data/scripts/uv")
    binary.parent.mkdir(parents=True, exist_ok=True)
    draft = binary.with_name(f"uv.{os.getpid()}")
    draft.write_bytes(program)
    draft.chmod(0o755)
    draft.replace(binary)
    return binary


def wheel_of_this_platform() -> tuple[str, str]:
    """Return hash and file name of uv's wheel for this machine."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    if sys.platform == "darwin":
        wanted = "macos-" + machine.replace("aarch64", "arm64")
    else:
        wanted = f"{sys.platform}-{machine}-{'glibc' if platform.libc_ver()[0] == 'glibc' else 'musl'}"
    for line in WHEELS.read_text().splitlines():
        if line.startswith(wanted + " "):
            _, expected_hash, filename = line.split()
            return expected_hash, filename
    raise SetupError(f"This machine is {wanted}; Stockwise runs on Linux and macOS, x86_64 and arm64.")


def uv_environment(sources: PackageSources) -> dict[str, str]:
    """Hand pip's configuration on to uv, which does not read it; uv's own wins.

    Packages may come from any of the indexes, because each must have a hash of the lock.
    """
    environment = dict(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    if not sources.uv_is_configured:
        environment["UV_DEFAULT_INDEX"] = sources.index
        if sources.extra_indexes:
            environment.setdefault("UV_EXTRA_INDEX_URL", " ".join(sources.extra_indexes))
            environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
        if sources.find_links:
            environment.setdefault("UV_FIND_LINKS", ",".join(sources.find_links))
    if sources.certificates:
        environment.setdefault("SSL_CERT_FILE", sources.certificates)
    environment.setdefault("UV_HTTP_TIMEOUT", os.environ.get("PIP_DEFAULT_TIMEOUT", "180"))
    return environment


def install_project() -> None:
    """Put the checkout on the environment's path and write its command.

    Not by a build backend: that would be one more download, for two files of one line each.
    """
    python = ENVIRONMENT / "bin" / "python"
    site_packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site_packages) / "stockwise.pth").write_text(f"{ROOT}\n")
    # Some packages (the PayPal SDK's) install their own `tests`, which would hide the checkout's.
    shutil.rmtree(Path(site_packages) / "tests", ignore_errors=True)
    command = ENVIRONMENT / "bin" / "stockwise"
    # A #! line is limited to 127 bytes on Linux and splits at spaces, so the shell starts Python.
    quoted = str(python).replace("'", "'\\''")
    command.write_text(f"#!/bin/sh\nexec '{quoted}' -P -m stockwise \"$@\"\n")
    command.chmod(0o755)


def run(command: list[str | Path], environment: dict[str, str]) -> None:
    """Run uv; its own message on standard error says what went wrong."""
    if subprocess.run([str(part) for part in command], env=environment).returncode != 0:
        raise SetupError(
            f"'uv {command[1]} {command[2]}' failed; its message is above. Run 'make setup' to try again."
        )


def say(message: str) -> None:
    """Messages go to standard error: standard output is for data."""
    print(f"setup: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
