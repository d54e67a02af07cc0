"""Predict a part of the files, in any process."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from socket import gethostname
from typing import Any

from ferkit.errors import FerkitError, RunError
from ferkit.predict.job import PredictionSummary, write_stream
from ferkit.predict.media.sources import InputError
from ferkit.predict.model.find import find_model
from ferkit.predict.model_choice import ModelChoice
from ferkit.predict.output.parquet import ParquetSink
from ferkit.predict.predictor import Predictor
from ferkit.predict.rates import DETECT_EVERY
from ferkit.predict.scale.download import read_files
from ferkit.predict.smoothing import smooth
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.disk_cache import file_sha256
from ferkit.runtime.malloc import keep_freed

PLAN = "_plan.json"
"""The file of the plan. Readers of Parquet folders skip names that start with _ or a dot."""
SUMMARY = "ferkit"
"""Key of the summary in the metadata of a Parquet file."""
COUNTS = (
    "images",
    "moving",
    "frames",
    "faces",
    "abstained",
    "faceless",
    "faceless_names",
    "further_problems",
)


@dataclass(frozen=True, slots=True)
class PartOptions:
    """The options that all parts of a prediction share.

    Attributes:
        folder: The folder of the Parquet files, as an absolute path.
        model: The model, and how it is used.
        sha256: The expected `hash_model`.
        every: Every N-th frame of a video is processed.
        detect_every: Faces are detected in every N-th processed frame.
        smooth: Reach of the smoothing on each side, in seconds.
    """

    folder: Path
    model: ModelChoice
    sha256: str
    every: int = 1
    detect_every: int = DETECT_EVERY
    smooth: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the files.

    Attributes:
        number: From 0.
        files: Paths and addresses.
    """

    number: int
    files: Sequence[str]

    def __str__(self) -> str:
        return f"part {self.number} ({self.files[0]} to {self.files[-1]})"


def path_of(folder: Path, number: int) -> Path:
    """Return the Parquet file of a part."""
    return folder / f"part-{number:05}.parquet"


def start_worker(options: PartOptions) -> str | None:
    """Load the model in this process. Return the message of an error, or None."""
    if not (options.folder / PLAN).exists():
        return f"Cannot use the node {gethostname()}: it does not see {options.folder}. Share this folder."
    try:
        _load(options)
    except FerkitError as error:
        return str(error)
    except Exception:
        raise RuntimeError(traceback.format_exc()) from None  # any other exception might not be picklable
    return None


def predict_part(options: PartOptions, part: Part) -> PredictionSummary | str:
    """Predict the files of a part, and write its Parquet file completely or not at all.

    Returns:
        The counts and problems, which the file has too, or the message of an error.
    """
    try:
        return _predict(options, part)
    except FerkitError as error:
        return str(error)
    except OSError as error:
        return f"Cannot write {path_of(options.folder, part.number)}: {error}"
    except Exception:
        raise RuntimeError(traceback.format_exc()) from None


def _predict(options: PartOptions, part: Part) -> PredictionSummary:
    predictor, tally = _load(options), PredictionSummary()
    with atomic_path(path_of(options.folder, part.number)) as file:
        sink = ParquetSink(file)
        sink.begin(predictor.labels)
        try:
            found = predictor.predict_frames(read_files(part.files, options.every), options.detect_every)
            write_stream(smooth(found, options.smooth, predictor.threshold), [sink], tally)
            sink.add_metadata(SUMMARY, json.dumps(_as_dict(tally)))
        finally:
            sink.close(is_whole=not tally.is_stopped)
        if tally.is_stopped:
            raise RunError(f"Cannot finish {part}: it was interrupted.")
    return tally


@lru_cache(maxsize=1)
def _load(options: PartOptions) -> Predictor:
    """Load the model. A process that predicts several parts loads it once."""
    if hash_model(options.model) != options.sha256:
        raise RunError(
            f"Cannot use the model {options.model.name or 'default'}: this process finds another file than "
            "the first one. Put the same file on all nodes."
        )
    keep_freed()
    return options.model.load()


def hash_model(choice: ModelChoice) -> str:
    """Return the sha256 of a model file, or of all networks of a run folder. Raises RunError."""
    path = find_model(choice.name)
    if path.is_file():
        return file_sha256(path)
    files = sorted(one for name in ("model.safetensors", "recipe.toml") for one in path.rglob(name))
    lines = "\n".join(f"{file.relative_to(path).as_posix()} {file_sha256(file)}" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _as_dict(tally: PredictionSummary) -> dict[str, Any]:
    problems = [asdict(one) for one in tally.problems]
    return {**{name: getattr(tally, name) for name in COUNTS}, "problems": problems}


def read_summary(folder: Path, number: int) -> PredictionSummary | None:
    """Read the counts and problems of a finished part; None if its file is missing or damaged."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        known = json.loads(read_metadata(path_of(folder, number)).metadata[SUMMARY.encode()])
        known["problems"] = [InputError(**one) for one in known["problems"]]
        return PredictionSummary(**known)
    except (OSError, ArrowException, KeyError, TypeError, ValueError):
        return None
