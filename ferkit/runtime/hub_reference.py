"""References to models on the Hub: hf://USER/NAME[@REVISION][/FILE], as in `huggingface_hub.HfFileSystem`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from ferkit.errors import RunError
from ferkit.messages import shorten
from ferkit.runtime.disk_cache import file_sha256

SCHEME = "hf://"
EXPECTED = "expected hf://USER/NAME, hf://USER/NAME@REVISION or hf://USER/NAME@REVISION/FILE"
WRITTEN = "model.safetensors"
"""Name of the file that `ferkit export --push` writes by default."""
PATTERN = re.compile(
    r"hf://(?P<repository>\b[\w.-]+\b/\b[\w.-]+\b)(@(?P<revision>refs/pr/\d+|[^/@]+))?(/(?P<file>[^@]+))?",
    re.ASCII,
)
COMMIT = re.compile(r"[0-9a-f]{40}")
CACHED = re.compile(
    r"/models--(?P<user>[^/]+?)--(?P<name>[^/]+)/snapshots/(?P<commit>[0-9a-f]{40})/(?P<file>.+)$"
)
"""Path of a file in the cache of huggingface_hub, which has a documented layout."""


@dataclass(frozen=True, slots=True)
class HubReference:
    """A model on the Hub.

    Attributes:
        repository: USER/NAME.
        revision: A branch, tag or commit; None for the default branch.
        file: Path of the model file in the repository; None to choose it.
    """

    repository: str
    revision: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        revision = f"@{quote(self.revision, safe='')}" if self.revision else ""
        return f"{SCHEME}{self.repository}{revision}{f'/{self.file}' if self.file else ''}"

    @property
    def name(self) -> str:
        """Name of the repository without its owner."""
        return self.repository.split("/")[1]


def is_reference(name: object) -> bool:
    """Return True for a text that starts with hf://."""
    return isinstance(name, str) and name.startswith(SCHEME)


def read_reference(text: str) -> HubReference:
    """Read a reference. Raises RunError if it has another form."""
    found = PATTERN.fullmatch(text)
    if not found or not _is_repository(found["repository"]) or ".." in text.split("/"):
        raise RunError(f"Cannot read {shorten(text, 200)}: {EXPECTED}.")
    revision = unquote(found["revision"]) if found["revision"] else None
    return HubReference(found["repository"], revision, found["file"])


def _is_repository(name: str) -> bool:
    """Return True for a name that the Hub permits."""
    return not ("--" in name or ".." in name or name.endswith(".git") or len(name) > 96)


def find_origin(path: Path) -> HubReference | None:
    """Return the reference, with the commit, of a file in the cache of the Hub; None for another file."""
    found = CACHED.search(path.as_posix())
    if not found:
        return None
    file = None if found["file"] == WRITTEN else found["file"]
    return HubReference(f"{found['user']}/{found['name']}", found["commit"], file)


def find_cached_file(reference: HubReference) -> Path | None:
    """Find the model file of a commit in the cache of the Hub; None for a branch or tag, which may change."""
    from huggingface_hub import try_to_load_from_cache

    if not COMMIT.fullmatch(reference.revision or ""):
        return None
    found = try_to_load_from_cache(
        reference.repository, reference.file or WRITTEN, revision=reference.revision
    )
    return Path(found) if isinstance(found, str) else None


def hash_of_hub(path: Path) -> str:
    """Return the sha256 of a file in the cache of the Hub; "" for another path."""
    return file_sha256(path) if find_origin(path) else ""


def describe_file(path: Path) -> str:
    """Name a model file in messages and recipes: its reference on the Hub, or its path."""
    if is_absent(path):
        return SCHEME + "/".join(path.parts[1:])
    return str(find_origin(path) or path)


def is_absent(path: Path) -> bool:
    """Return True for the path of a reference whose file is not in the cache: Path("hf://USER/NAME")."""
    return path.parts[:1] == ("hf:",)
