"""Renew ``requirements.lock`` from ``pyproject.toml``; versions stay unless ``--upgrade`` is given."""

import subprocess
import sys

from bootstrap import LOCK, ROOT, get_uv, uv_environment
from package_index import PackageIndexError, configured_sources


def main() -> int:
    """Resolve for every platform and Python from 3.11 on, with hashes and without index addresses."""
    try:
        sources = configured_sources()
        uv = get_uv(sources)
    except PackageIndexError as error:
        print(f"lock: {error}", file=sys.stderr)
        return 1
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"]
    command += [*sys.argv[1:], "--output-file", LOCK.name, "pyproject.toml"]
    return subprocess.run(command, cwd=ROOT, env=uv_environment(sources)).returncode


if __name__ == "__main__":
    sys.exit(main())
