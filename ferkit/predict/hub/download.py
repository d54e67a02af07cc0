"""Download a model from the Hub into the cache of huggingface_hub.

Only a .safetensors or .onnx file, config.json and README.md are downloaded: reading them runs no code.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NoReturn

from ferkit.errors import RunError
from ferkit.messages import list_some, shorten
from ferkit.neural.header import parse_header
from ferkit.runtime.disk_cache import file_sha256
from ferkit.runtime.hub_reference import WRITTEN, HubReference, find_cached_file, find_origin

log = logging.getLogger(__name__)

CARD = "README.md"
CONFIG = "config.json"
SUFFIXES = (".safetensors", ".onnx")
"""Model files, in the order of preference."""
CODE = (".bin", ".pt", ".pt2", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".keras", ".msgpack")
"""Files that may run code when they are read, or that ferkit does not read."""
LARGEST_CARD = LARGEST_CONFIG = 1 << 20
"""Bytes."""
SHA256 = re.compile(r"[0-9a-f]{64}")
TIMEOUT = 10
"""Seconds to wait for the list of files."""
LOG_IN = "set HF_TOKEN, or run: hf auth login"


def download_model(reference: HubReference) -> Path:
    """Return the model file in the cache, downloaded first if it is not there.

    The card, README.md next to the model file, is downloaded too if there is one.
    A cached commit is used without asking the Hub. For another revision, the Hub is asked each time.
    Without a network, or with HF_HUB_OFFLINE, the commit that was downloaded last is used, with a warning.

    Args:
        reference: The model.

    Raises:
        RunError: There is no such repository, revision or model; the Hub refuses access; or the Hub cannot be
            reached and the model is not in the cache.
    """
    try:
        path = _find_pinned(reference) or _download(reference)
    except RunError:
        raise
    except Exception as error:  # the client's errors differ by version of huggingface_hub
        if not _is_outage(error):
            _refuse(reference, error)
        path = _find_cached(reference, error)
    _check_config(path, reference)
    _verify(path)
    return path


def _find_pinned(reference: HubReference) -> Path | None:
    """Find the model of a commit in the cache without asking the Hub, as a commit never changes."""
    _choose_file(reference, [reference.file or WRITTEN])
    return find_cached_file(reference)


def _verify(path: Path) -> None:
    """Raises RunError if a file in the cache, which names large files by their sha256, is damaged."""
    file = path.resolve()
    if SHA256.fullmatch(file.name) and (actual := file_sha256(file)) != file.name:
        raise RunError(
            f"Cannot load {path}: it is damaged. Expected sha256 {file.name}, got {actual}. Delete {file}, "
            "then try again."
        )


def _download(reference: HubReference) -> Path:
    from huggingface_hub import HfApi

    hub, repository, revision = HfApi(), reference.repository, reference.revision
    info = hub.model_info(repository, revision=revision, timeout=TIMEOUT)
    files = [one.rfilename for one in info.siblings or ()]
    chosen = _choose_file(reference, files)
    if CONFIG in files and not reference.file:
        config = Path(hub.hf_hub_download(repository, CONFIG, revision=revision))
        _check_config(config, reference)  # before a large download
    # By the revision, not the commit: then the cache knows the revision without a network.
    path = Path(hub.hf_hub_download(repository, chosen, revision=revision))
    card = PurePosixPath(chosen).with_name(CARD).as_posix()
    if card in files and info.sha:
        _download_card(reference, card, info.sha)
    return path


def _download_card(reference: HubReference, name: str, commit: str) -> None:
    """Download the card next to the model file. The model is used without a card if that fails."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        url = hf_hub_url(reference.repository, name, revision=commit)
        size = get_hf_file_metadata(url, timeout=TIMEOUT).size
        if size is None or size > LARGEST_CARD:
            log.warning(
                f"{reference}: its {name} is not read. It has {size} bytes. The limit is {LARGEST_CARD}"
            )
        else:
            hf_hub_download(reference.repository, name, revision=commit)
    except Exception as error:  # the client's errors differ by version of huggingface_hub
        log.warning(f"{reference}: its {name} is not read. {_describe_outage(error)}")


def _choose_file(reference: HubReference, files: Sequence[str]) -> str:
    """Choose the model file: the named one, that of `ferkit export --push`, or the only one."""
    if reference.file:
        if PurePosixPath(reference.file).suffix not in SUFFIXES:
            raise RunError(
                f"Cannot load {reference}: expected a file {' or '.join(SUFFIXES)}. Files of other kinds may "
                "run code."
            )
        if reference.file not in files:
            raise RunError(f"Cannot load {reference}: it is not in the repository. Files: {_list(files)}.")
        return reference.file
    for suffix in SUFFIXES:
        found = [one for one in files if "/" not in one and one.endswith(suffix)]
        written = PurePosixPath(WRITTEN).with_suffix(suffix).name
        if written in found or len(found) == 1:
            return written if written in found else found[0]
        if found:
            raise RunError(
                f"Cannot load {reference}: it has several model files: {_list(found)}. Name one: "
                f"{replace(reference, file=shorten(found[0]))}"
            )
    if code := [one for one in files if one.endswith(CODE)]:
        raise RunError(
            f"Cannot load {reference}: it has no .safetensors or .onnx file, only {_list(code)}. "
            "ferkit does not read such files: they may run code."
        )
    raise RunError(f"Cannot load {reference}: it has no .safetensors or .onnx file. Files: {_list(files)}.")


def _list(files: Sequence[str]) -> str:
    return list_some([shorten(one) for one in files], 5) or "none"


def _check_config(path: Path, reference: HubReference) -> None:
    """Raises RunError if a config.json is there that ferkit did not write."""
    config = path.with_name(CONFIG)
    if reference.file or not config.is_file():
        return  # the model file describes itself
    size = config.stat().st_size
    if size > LARGEST_CONFIG:
        raise RunError(f"Cannot load {reference}: its {CONFIG} has {size} bytes, more than {LARGEST_CONFIG}.")
    if "ferkit_version" not in parse_header(config.read_bytes(), f"{reference}/{CONFIG}"):
        raise RunError(
            f"Cannot load {reference}: its {CONFIG} is from another library. Expected a model of "
            "`ferkit export`, with labels, detector and preprocessing."
        )


def _is_outage(error: Exception) -> bool:
    """Return True if there was no answer, or that of a Hub that is down or busy."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    if isinstance(error, LocalEntryNotFoundError) or not isinstance(error, HfHubHTTPError):
        return True
    status = getattr(error.response, "status_code", 0)
    return status == 429 or status >= 500


def _refuse(reference: HubReference, error: Exception) -> NoReturn:
    """Raise RunError for an answer of the Hub."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    status = getattr(getattr(error, "response", None), "status_code", "?")
    if isinstance(error, GatedRepoError):
        reason = f"its owner grants access on request. Ask for access on its page. Then {LOG_IN}"
    elif isinstance(error, RepositoryNotFoundError):
        reason = f"the Hub has no such repository, or it is private. Check the name. If private, {LOG_IN}"
    elif isinstance(error, RevisionNotFoundError):
        reason = f"it has no branch, tag or commit {reference.revision}. Check the revision"
    elif isinstance(error, EntryNotFoundError):
        reason = "it changed during the download. Try again"
    elif status in (401, 403):
        reason = f"the Hub refuses the token (HTTP {status}). Check its rights, or {LOG_IN}"
    else:
        reason = f"the Hub answers with HTTP {status}: {shorten(error, 200)}"
    raise RunError(f"Cannot load {reference}: {reason}.") from error


def _find_cached(reference: HubReference, error: Exception) -> Path:
    """Find the model in the cache, after an error of the network. Raises RunError if it is not there."""
    from huggingface_hub import constants

    reason = _describe_outage(error)
    try:
        path = _look_in_cache(reference)
    except (OSError, RunError) as missing:
        raise RunError(
            f"Cannot load {reference}: {reason}, and the cache does not have it. Load it once with a "
            f"network, or copy the folder {constants.HF_HUB_CACHE} from another machine."
        ) from missing
    commit = (find_origin(path) or reference).revision
    log.warning(f"{reference}: {reason}. Using the cached commit {commit}")
    return path


def find_downloaded(reference: HubReference) -> Path | None:
    """Find a model in the cache without asking the Hub: the commit that was downloaded last."""
    try:
        return _look_in_cache(reference)
    except (OSError, RunError):
        return None


def _look_in_cache(reference: HubReference) -> Path:
    """Raises OSError or RunError if the model is not in the cache."""
    from huggingface_hub import snapshot_download

    found = snapshot_download(
        reference.repository, revision=reference.revision, local_files_only=True, allow_patterns=[CONFIG]
    )
    folder = Path(found)
    files = [one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()]
    return folder / _choose_file(reference, files)


def _describe_outage(error: Exception) -> str:
    """Describe why nothing could be downloaded."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set"
    status = getattr(getattr(error, "response", None), "status_code", 0)
    detail = f"HTTP {status}" if status else f"{type(error).__name__}: {shorten(error, 120)}"
    return f"the download failed ({detail})"
