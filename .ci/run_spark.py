"""Make ``.venv-spark``, see to Java, compare Spark's marts with DuckDB's, and try copies on an S3 server.

Spark stands apart from ``.venv``: it is 500 MB that only those need who leave one machine. Java 17 is
Debian's package; as root on Debian it is installed, elsewhere its want is said.
"""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from bootstrap import ENVIRONMENT, ROOT, TOOLS, SetupError, get_uv, run, say, uv_environment
from package_index import PackageIndexError, configured_sources
from run_tests import Program, can_install, install

SPARK_LOCK = ROOT / "requirements-spark.lock"
SPARK_ENVIRONMENT = ROOT / ".venv-spark"
_STAMP = SPARK_ENVIRONMENT / ".stockwise-stamp"
JAVA = Program("spark", "openjdk-17-jre-headless", ("java",))


def main() -> int:
    """Set up what is missing, run the comparison with the options given, then the tests of copies on S3."""
    try:
        require_java()
        TOOLS.mkdir(exist_ok=True)
        with open(TOOLS / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up()
    except (SetupError, PackageIndexError) as error:
        print(f"test-spark: {error}", file=sys.stderr)
        return 1
    python = ENVIRONMENT / "bin" / "python"
    compared = subprocess.run([python, "-P", "-m", "tests.spark.compare_engines", *sys.argv[1:]], cwd=ROOT)
    copied = subprocess.run([python, "-m", "pytest", "-q", "tests/spark/s3_copies.py"], cwd=ROOT)
    return compared.returncode or copied.returncode


def require_java() -> None:
    """Find Java, or install it where that is possible."""
    if not JAVA.is_there() and can_install():
        install([JAVA.package])
    if not JAVA.is_there():
        raise SetupError(f"Spark needs Java 17 (as root on Debian: apt-get install {JAVA.package}).")


def set_up() -> None:
    """Make the environment from its lock, unless it was made from this very lock, here."""
    if _STAMP.exists() and _STAMP.read_text() == fingerprint():
        return
    sources = configured_sources()
    uv = get_uv(sources)
    environment = uv_environment(sources)
    venv = [uv, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", sys.executable]
    run([*venv, SPARK_ENVIRONMENT], environment)
    say("Installing Spark from requirements-spark.lock (about 600 MB on disk)")
    python: list[str | Path] = ["--python", SPARK_ENVIRONMENT / "bin" / "python"]
    run([uv, "pip", "sync", "--quiet", "--require-hashes", *python, SPARK_LOCK], environment)
    _STAMP.write_text(fingerprint())


def fingerprint() -> str:
    """Changes whenever the environment would have to be made again."""
    return hashlib.sha256(SPARK_LOCK.read_bytes() + str(ROOT).encode()).hexdigest() + "\n"


if __name__ == "__main__":
    sys.exit(main())
