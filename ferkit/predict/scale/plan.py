"""The plan of a prediction in parts, which makes it possible to continue it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ferkit.errors import RunError
from ferkit.messages import shorten
from ferkit.predict.scale.files import full_name, suffix_of
from ferkit.predict.scale.part import PLAN, Part, PartOptions
from ferkit.runtime.atomic_write import atomic_path, remove_parts
from ferkit.runtime.file_kinds import VIDEO_SUFFIXES
from ferkit.version import __version__

LOCK = ".lock"
PARTS = 1000
"""Number of parts of images that is aimed at."""
FEWEST, MOST = 64, 4096
"""Images of a part."""
SHOWN = 24
"""Characters of a value that are shown in a message."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The values that may not differ if a prediction is continued.

    Attributes:
        ferkit: Version of ferkit.
        model_sha256: Hash of the model.
        repeat: The repeat of a run, from 0.
        fold: The fold of a run.
        detector: The detector; None for that of the model.
        threshold: Confidence, 0..1, below which a row is marked as abstained.
        every: Every N-th frame of a video is processed.
        detect_every: Faces are detected in every N-th processed frame.
        smooth: Reach of the smoothing, in seconds.
        files: Number of files.
        files_sha256: Hash of the sorted list of files.
    """

    ferkit: str
    model_sha256: str
    repeat: int | None
    fold: int | str | None
    detector: str | None
    threshold: float
    every: int
    detect_every: int
    smooth: float
    files: int
    files_sha256: str


def make_plan(options: PartOptions, files: Sequence[str]) -> Plan:
    """Describe a prediction.

    Args:
        options: The options of all parts.
        files: All files, sorted.
    """
    model = options.model
    return Plan(
        ferkit=__version__,
        model_sha256=options.sha256,
        repeat=model.repeat,
        fold=model.fold,
        detector=model.detector,
        threshold=model.threshold,
        every=options.every,
        detect_every=options.detect_every,
        smooth=options.smooth,
        files=len(files),
        files_sha256=hashlib.sha256(
            "\0".join(map(full_name, files)).encode("utf-8", "surrogateescape")
        ).hexdigest(),
    )


def make_parts(files: Sequence[str]) -> list[Part]:
    """Divide the files into parts. They depend on the list of files alone. A video is a part of its own."""
    stills = [one for one in files if suffix_of(one) not in VIDEO_SUFFIXES]
    videos = [[one] for one in files if suffix_of(one) in VIDEO_SUFFIXES]
    size = min(max(FEWEST, -(-len(stills) // PARTS)), MOST)
    groups = [*(stills[start : start + size] for start in range(0, len(stills), size)), *videos]
    return [Part(number, group) for number, group in enumerate(groups)]


@contextmanager
def open_folder(folder: Path, plan: Plan) -> Iterator[None]:
    """Create the folder of a prediction, or open that of an interrupted one, for one process.

    Raises:
        RunError: It is no folder, has other files or another plan, or another process uses it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [one for one in folder.iterdir() if not one.name.startswith(".")]
    except OSError as error:
        reason = f"the folder cannot be created or read ({error.strerror})"
        if folder.exists() and not folder.is_dir():
            reason = "expected a folder for the files of --jobs and --on ray, got a file"
        raise RunError(f"Cannot write --out {folder}: {reason}. Give another path.") from error
    if others and not (folder / PLAN).exists():
        name = others[0].name
        raise RunError(f"Cannot write --out {folder}: the folder has other files ({name}). Give a new path.")
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunError(
            f"Cannot write --out {folder}: another `ferkit predict` is writing it. Wait for its end, or give "
            "another path."
        ) from error
    try:
        _check(folder, plan)
        remove_parts(folder)
        yield
        remove_parts(folder)  # those of workers that died
    finally:
        lock.release()


def _check(folder: Path, plan: Plan) -> None:
    """Write the plan, or compare it with that of the folder. Raises RunError."""
    file = folder / PLAN
    if not file.exists():
        with atomic_path(file) as part:
            part.write_text(json.dumps(asdict(plan), indent=2) + "\n", encoding="utf-8")
        return
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        changed = {name: (known.get(name), now) for name, now in asdict(plan).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise RunError(f"Cannot continue {folder}: {PLAN} is damaged. Give another --out.") from error
    differences = [
        f"{name}: {shorten(then, SHOWN)}, now {shorten(now, SHOWN)}"
        for name, (then, now) in changed.items()
        if then != now
    ]
    if differences:
        raise RunError(
            f"Cannot continue {folder}: it was started with other inputs or options. "
            f"{'. '.join(differences)}. Repeat the first command, or give another --out."
        )
