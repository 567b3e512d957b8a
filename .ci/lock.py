"""Renew the locks from ``pyproject.toml``; versions stay unless ``--upgrade`` is given.

``requirements.lock`` is the environment of everything. ``requirements-spark.lock`` holds the extras alone,
with the versions of the first where both have a package.
"""

import subprocess
import sys
import tomllib

from bootstrap import LOCK, ROOT, get_uv, uv_environment
from package_index import PackageIndexError, configured_sources
from run_spark import SPARK_LOCK


def main() -> int:
    """Resolve for every platform and Python from 3.11 on, with hashes and without index addresses."""
    try:
        sources = configured_sources()
        uv = get_uv(sources)
    except PackageIndexError as error:
        print(f"lock: {error}", file=sys.stderr)
        return 1
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", *sys.argv[1:]]
    environment = uv_environment(sources)
    everything = ["--output-file", LOCK.name, "pyproject.toml"]
    returned = subprocess.run([*command, *everything], cwd=ROOT, env=environment).returncode
    if returned:
        return returned
    spark = ["--constraints", LOCK.name, "--output-file", SPARK_LOCK.name, "-"]
    return subprocess.run(
        [*command, *spark], cwd=ROOT, env=environment, input=spark_requirements(), text=True
    ).returncode


def spark_requirements() -> str:
    """What `pyproject.toml` says of the extras and of dbt itself, a line each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dbt = [line for line in project["dependencies"] if line.startswith("dbt-core")]
    extras = (line for lines in project["optional-dependencies"].values() for line in lines)
    return "\n".join([*dbt, *extras])


if __name__ == "__main__":
    sys.exit(main())
