"""Write a summary as JSON, CSV or HTML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.errors import RunError
from ferkit.messages import decodable
from ferkit.predict.summary.summarise import GAP, SHORTEST
from ferkit.predict.summary.values import Episode, ExpressionSummary, Moment, Summary, TrackSummary
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.escape import csv_row
from ferkit.version import __version__

TRACK_COLUMNS = (
    "file",
    "track",
    "first",
    "last",
    "track_seconds",
    "expression",
    "seconds",
    "share",
    "episodes",
    "longest_onset",
    "longest_offset",
    "strongest_time",
    "strongest_probability",
)
"""Columns of the table of tracks and expressions."""
EPISODE_COLUMNS = ("file", "track", "expression", "onset", "apex", "offset", "seconds", "probability")
"""Columns of the table of episodes."""


def episodes_file(file: Path) -> Path:
    """Return the path of the table of episodes: summary.csv -> summary.episodes.csv."""
    return file.with_name(f"{file.stem}.episodes{file.suffix}")


def check_suffix(file: Path) -> None:
    """Raise RunError if a summary has no format for this suffix."""
    if file.suffix.lower() not in WRITERS:
        raise RunError(f"Cannot write --summary {file}: expected the suffix {', '.join(WRITERS)}.")


def write_summary(summary: Summary, file: Path, suffix: str | None = None) -> list[Path]:
    """Write a summary, and return the files. The format is that of the suffix. Raises RunError.

    Args:
        summary: The summary.
        file: The file.
        suffix: Suffix of the format. Default: that of the file.
    """
    texts = WRITERS[(suffix or file.suffix).lower()](summary, file)
    for path, text in texts.items():
        try:
            write_text(path, text)
        except RunError as error:
            raise RunError(f"Cannot write --summary {path}: {error.__cause__}. Give another path.") from error
    return list(texts)


def _json_texts(summary: Summary, file: Path) -> dict[Path, str]:
    return {file: json.dumps(as_dict(summary), indent=2, ensure_ascii=False) + "\n"}


def _html_texts(summary: Summary, file: Path) -> dict[Path, str]:
    from ferkit.predict.summary.page import render_page  # imports jinja2

    return {file: render_page(summary)}


def _csv_texts(summary: Summary, file: Path) -> dict[Path, str]:
    return {
        file: _csv(TRACK_COLUMNS, track_records(summary)),
        episodes_file(file): _csv(EPISODE_COLUMNS, episode_records(summary)),
    }


WRITERS: Mapping[str, Callable[[Summary, Path], dict[Path, str]]] = {
    ".json": _json_texts,
    ".csv": _csv_texts,
    ".html": _html_texts,
}
"""Suffix -> the function that returns the text of each file."""


def track_records(summary: Summary) -> Iterator[Sequence[Any]]:
    """Yield the rows of `TRACK_COLUMNS`: one for each expression of a track."""
    for video in summary.videos:
        for track in video.tracks:
            start = (decodable(video.file), track.track, track.first, track.last, track.seconds)
            for one in track.expressions:
                longest = (one.longest.onset, one.longest.offset) if one.longest else (None, None)
                strongest = (one.strongest.time, one.strongest.probability)
                counts = (one.expression, one.seconds, one.share, one.episodes)
                yield (*start, *counts, *longest, *strongest)


def episode_records(summary: Summary) -> Iterator[Sequence[Any]]:
    """Yield the rows of `EPISODE_COLUMNS`."""
    for video in summary.videos:
        for track in video.tracks:
            for one in track.episodes:
                times = (one.onset, one.apex.time, one.offset, one.seconds)
                yield (decodable(video.file), track.track, one.expression, *times, one.apex.probability)


def _csv(names: Sequence[str], records: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    table.writerows(csv_row(_rounded(value) for value in record) for record in records)
    return text.getvalue()


def as_dict(summary: Summary) -> dict[str, Any]:
    """Return a summary as JSON types: times in seconds, shares and probabilities 0..1."""
    return {
        "ferkit": __version__,
        "model": summary.model or None,
        "smooth": summary.smooth,
        "labels": list(summary.labels),
        "shortest_episode": SHORTEST,
        "longest_gap": GAP,
        "videos": [
            {
                "file": decodable(video.file),
                "frames": video.frames,
                "seconds": _rounded(video.seconds),
                "tracks": [_track(track) for track in video.tracks],
            }
            for video in summary.videos
        ],
    }


def _track(track: TrackSummary) -> dict[str, Any]:
    return {
        "track": track.track,
        "first": _rounded(track.first),
        "last": _rounded(track.last),
        "seconds": _rounded(track.seconds),
        "expressions": [_expression(one) for one in track.expressions],
        "episodes": [_episode(one) for one in track.episodes],
    }


def _expression(one: ExpressionSummary) -> dict[str, Any]:
    return {
        "expression": one.expression,
        "seconds": _rounded(one.seconds),
        "share": _rounded(one.share),
        "episodes": one.episodes,
        "longest": _episode(one.longest) if one.longest else None,
        "strongest": _moment(one.strongest),
    }


def _episode(one: Episode) -> dict[str, Any]:
    return {
        "expression": one.expression,
        "onset": _rounded(one.onset),
        "offset": _rounded(one.offset),
        "apex": _moment(one.apex),
    }


def _moment(one: Moment) -> dict[str, Any]:
    return {"time": _rounded(one.time), "frame": one.frame, "probability": _rounded(one.probability)}


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
