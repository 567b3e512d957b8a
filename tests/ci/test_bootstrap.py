"""Setup from plain Python: the configured index is used, and nothing without the right hash."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"
WHEEL = "uv-9.9.9-py3-none-any.whl"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the scripts, a list of one false wheel, and an index in a folder that offers it."""
    copy = tmp_path / "checkout"
    (copy / ".ci").mkdir(parents=True)
    for name in ("bootstrap.py", "package_index.py", "python"):
        (copy / ".ci" / name).write_bytes((CI / name).read_bytes())
    (copy / "requirements.lock").write_text("")
    content = wheel_content()
    listed = hashlib.sha256(content).hexdigest()
    platforms = ("linux-x86_64-glibc", "linux-x86_64-musl", "linux-aarch64-glibc", "linux-aarch64-musl")
    platforms += ("macos-x86_64", "macos-arm64")
    lines = [f"{platform} {listed} {WHEEL}" for platform in platforms]
    (copy / ".ci" / "uv-wheels.txt").write_text("\n".join(lines) + "\n")
    project = tmp_path / "index" / "uv"
    project.mkdir(parents=True)
    (project / WHEEL).write_bytes(content)
    (project / "index.html").write_text(
        f'<a href="other.whl">other</a> <a href="{WHEEL}#sha256={listed}">uv</a>'
    )
    return copy


def wheel_content() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr("uv-9.9.9.data/scripts/uv", "#!/bin/sh\necho uv 9.9.9\n")
    return content.getvalue()


def get_uv(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Fetch uv in an environment that has only what is given."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(checkout), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [sys.executable, ".ci/bootstrap.py", "--uv"],
        cwd=checkout,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def index_of(checkout: Path) -> str:
    return (checkout.parent / "index").as_uri()


def test_uv_comes_from_the_index_that_pip_uses(checkout: Path) -> None:
    done = get_uv(checkout, PIP_INDEX_URL=index_of(checkout))

    assert done.returncode == 0, done.stderr
    assert subprocess.check_output([done.stdout.strip()], text=True) == "uv 9.9.9\n"


def test_the_index_may_stand_in_pips_file(checkout: Path) -> None:
    file = checkout / "pip.conf"
    file.write_text(f"[global]\nindex-url = {index_of(checkout)}\n")

    assert get_uv(checkout, PIP_CONFIG_FILE=str(file)).returncode == 0


def test_uvs_own_setting_wins_over_pips(checkout: Path) -> None:
    done = get_uv(checkout, UV_DEFAULT_INDEX=index_of(checkout), PIP_INDEX_URL="file:///nowhere")

    assert done.returncode == 0


def test_uv_may_lie_in_a_folder_of_wheels(checkout: Path) -> None:
    done = get_uv(
        checkout, PIP_FIND_LINKS=str(checkout.parent / "index" / "uv"), PIP_INDEX_URL="file:///nowhere"
    )

    assert done.returncode == 0


def test_it_is_fetched_once(checkout: Path) -> None:
    get_uv(checkout, PIP_INDEX_URL=index_of(checkout))

    assert get_uv(checkout, PIP_INDEX_URL="file:///nowhere").returncode == 0


def test_a_file_with_another_hash_is_not_used(checkout: Path) -> None:
    (checkout.parent / "index" / "uv" / WHEEL).write_bytes(wheel_content() + b" ")
    done = get_uv(checkout, PIP_INDEX_URL=index_of(checkout))

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("does not have the hash in .ci/uv-wheels.txt; not used.")
    assert not list((checkout / ".tools").glob("*/uv"))


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ("file:///nowhere", "setup: The package index has no /nowhere/uv: No such file or directory."),
        (
            "http://127.0.0.1:1/simple",
            "setup: The package index http://127.0.0.1:1/simple/uv/ cannot be reached",
        ),
    ],
)
def test_an_index_that_does_not_answer_is_named(index: str, sentence: str, checkout: Path) -> None:
    done = get_uv(checkout, PIP_INDEX_URL=index)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(sentence)


def test_credentials_in_the_address_are_not_shown(checkout: Path) -> None:
    done = get_uv(checkout, PIP_INDEX_URL="http://me:very-secret@127.0.0.1:1/simple")

    assert "127.0.0.1:1" in done.stderr
    assert "very-secret" not in done.stderr


def test_too_old_a_python_is_told_in_one_sentence(checkout: Path) -> None:
    programs = checkout / "programs"
    programs.mkdir()
    (programs / "python3").write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')
    (programs / "python3").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", ".ci/python", ".ci/bootstrap.py"],
        cwd=checkout,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Stockwise needs Python 3.11 or newer and found Python 3.9.2;")
    assert len(done.stderr.splitlines()) == 1


def test_a_second_setup_has_nothing_to_do() -> None:
    """This very environment was made by setup, from this very lock."""
    program = (
        "import sys; sys.path.insert(0, '.ci'); import bootstrap; sys.exit(not bootstrap.is_up_to_date())"
    )

    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
