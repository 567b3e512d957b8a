"""Where this machine gets Python packages from, as pip and uv are configured, and one file from there.

Plain Python: it runs before anything is installed.
"""

import base64
import configparser
import glob
import html.parser
import os
import ssl
import sys
import sysconfig
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

TRIES = 3


class PackageIndexError(Exception):
    """The package index cannot be found or does not answer; the text is one sentence."""


@dataclass(frozen=True)
class PackageSources:
    """The configured index and what stands beside it."""

    index: str
    extra_indexes: tuple[str, ...]
    find_links: tuple[str, ...]
    certificates: str | None
    uv_is_configured: bool


def configured_sources() -> PackageSources:
    """Read the settings of uv and pip; uv's win, the environment wins over files."""
    pip = _pip_settings()
    uv_index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL") or _uv_file_index()
    return PackageSources(
        index=uv_index or pip.get("index-url") or _default_index(),
        extra_indexes=tuple(pip.get("extra-index-url", "").split()),
        find_links=tuple(pip.get("find-links", "").split()),
        certificates=os.environ.get("SSL_CERT_FILE") or pip.get("cert"),
        uv_is_configured=bool(uv_index),
    )


def fetch_file(sources: PackageSources, *, project: str, filename: str) -> bytes:
    """Return one distribution file, from the folders of find-links or from the index."""
    for place in sources.find_links:
        local = Path(urllib.parse.urlparse(place).path if place.startswith("file:") else place) / filename
        if local.is_file():
            return local.read_bytes()
    page_address = f"{sources.index.rstrip('/')}/{project}/"
    page, address = _open(page_address, sources)
    links = _Links()
    links.feed(page.decode("utf-8", "replace"))
    for link in links.addresses:
        target = urllib.parse.urljoin(address, link)
        if urllib.parse.unquote(urllib.parse.urlparse(target).path).endswith("/" + filename):
            return _open(_with_credentials(target, page_address), sources)[0]
    raise PackageIndexError(f"The package index {_shown(sources.index)} does not offer {filename}.")


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") if tag == "a" else None
        if address:
            self.addresses.append(address)


def _open(address: str, sources: PackageSources) -> tuple[bytes, str]:
    """Return content and final address; local indexes are folders with an index.html."""
    if address.startswith("file:"):
        path = Path(urllib.request.url2pathname(urllib.parse.urlparse(address).path))
        file = path / "index.html" if path.is_dir() else path
        try:
            return file.read_bytes(), file.as_uri()
        except OSError as error:
            raise PackageIndexError(f"The package index has no {path}: {error.strerror}.") from None
    parts = urllib.parse.urlparse(address)
    request = urllib.request.Request(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    request.add_header("Accept", "application/vnd.pypi.simple.v1+html, text/html;q=0.9, */*;q=0.1")
    if parts.username:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    context = ssl.create_default_context(cafile=sources.certificates)
    seconds = float(os.environ.get("PIP_DEFAULT_TIMEOUT", "60"))
    for attempt in range(1, TRIES + 1):
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
                return answer.read(), answer.url
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == TRIES:
                raise PackageIndexError(
                    f"The package index answered {error.code} for {_shown(address)}; "
                    "check PIP_INDEX_URL or pip.conf."
                ) from None
        except (OSError, ValueError) as error:
            if attempt == TRIES:
                reason = getattr(error, "reason", error)
                raise PackageIndexError(
                    f"The package index {_shown(address)} cannot be reached ({reason}); "
                    "check the network, PIP_INDEX_URL or pip.conf."
                ) from None
        time.sleep(attempt)
    raise AssertionError("unreachable")


def _with_credentials(target: str, index: str) -> str:
    """Files on the index's own host need its user and password again; other hosts never get them."""
    ours, theirs = urllib.parse.urlparse(index), urllib.parse.urlparse(target)
    if "@" in ours.netloc and ours.netloc.rpartition("@")[2] == theirs.netloc:
        return theirs._replace(netloc=ours.netloc).geturl()
    return target


def _shown(address: str) -> str:
    parts = urllib.parse.urlparse(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _pip_settings() -> dict[str, str]:
    merged: dict[str, str] = {}
    for file in _pip_files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise PackageIndexError(f"{file} cannot be read: {' '.join(str(error).split())}.") from None
        for section in ("global", "install"):
            if parser.has_section(section):
                merged.update((key.replace("_", "-"), value) for key, value in parser.items(section))
    for key in ("index-url", "extra-index-url", "find-links", "cert"):
        value = os.environ.get("PIP_" + key.replace("-", "_").upper())
        if value is not None:
            merged[key] = value
    return merged


def _pip_files() -> list[str]:
    """pip's configuration files, the weakest first."""
    chosen = os.environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    home = os.path.expanduser("~")
    config_home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    config_dirs = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    files = [os.path.join(folder, "pip", "pip.conf") for folder in config_dirs]
    files += ["/etc/pip.conf", os.path.join(home, ".pip", "pip.conf")]
    if sys.platform == "darwin":
        files.append(os.path.join(home, "Library", "Application Support", "pip", "pip.conf"))
    files += [os.path.join(config_home, "pip", "pip.conf"), os.path.join(sys.prefix, "pip.conf")]
    return [*files, chosen] if chosen else files


def _uv_file_index() -> str | None:
    config_home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    for file in (
        os.environ.get("UV_CONFIG_FILE"),
        os.path.join(config_home, "uv", "uv.toml"),
        "/etc/uv/uv.toml",
    ):
        if not file or not os.path.exists(file):
            continue
        content = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        defaults = [entry["url"] for entry in content.get("index", []) if entry.get("default")]
        found = (defaults or [content.get("index-url")])[0]
        if found:
            return str(found)
    return None


def _default_index() -> str:
    """What pip uses when nothing is configured, asked of pip itself: installed, or bundled with Python."""
    bundled = os.path.join(sysconfig.get_path("stdlib"), "ensurepip", "_bundled", "pip-*.whl")
    wheels = sorted(glob.glob(bundled) + glob.glob("/usr/share/python-wheels/pip-*.whl"))
    sys.path.extend(wheels[-1:])
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        raise PackageIndexError(
            "No package index is configured and this Python has no pip that knows the usual one; "
            "set PIP_INDEX_URL to the address of an index."
        ) from None
    finally:
        for wheel in wheels[-1:]:
            sys.path.remove(wheel)
    return str(PyPI.simple_url)
