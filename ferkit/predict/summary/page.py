"""The page of a summary. It needs no network and no other file."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ferkit.messages import count_of, percent, printable
from ferkit.predict.summary.summarise import GAP, SHORTEST
from ferkit.predict.summary.values import Summary, TrackSummary, VideoSummary
from ferkit.version import __version__

TRACKS, EPISODES = 50, 200
"""Maximum number of tracks of a video, and of episodes of a track, on the page. JSON and CSV have all."""
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442", "#999999")
"""Colours of Okabe and Ito (2008), which colour-blind readers can distinguish, and grey."""
STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
"""Distances of marks on the time axis, in seconds."""
MARKS = 5
"""Maximum number of marks on the time axis after 0."""
UNITS = 1000
"""Width of a time line, in its own units."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of a time line: its name, its colour, and its bands as an SVG path."""

    name: str
    colour: str
    path: str


def render_page(summary: Summary) -> str:
    """Return the page as HTML."""
    # The style sheet is that of the run report.
    loader = ChoiceLoader([PackageLoader("ferkit.predict.summary", "."), PackageLoader("ferkit.report", ".")])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"printable": printable, "percent": percent, "clock": clock, "count_of": count_of}
    made.filters |= {"data_uri": data_uri}
    colours = colours_of(summary.labels)
    return made.get_template("page.html").render(
        summary=summary,
        colours=colours,
        lanes=lambda track, video: lanes_of(track, video, colours),
        words=describe_track,
        marks=marks_of,
        shown=shown_tracks,
        tracks_shown=TRACKS,
        episodes_shown=EPISODES,
        shortest=SHORTEST,
        gap=GAP,
        version=__version__,
    )


def colours_of(labels: Sequence[str]) -> dict[str, str]:
    """Return a colour for each label. They repeat after eight: lanes have names."""
    return {label: PALETTE[number % len(PALETTE)] for number, label in enumerate(labels)}


def shown_tracks(video: VideoSummary) -> Sequence[TrackSummary]:
    """Return the tracks that are visible longest, in order."""
    longest = sorted(video.tracks, key=lambda one: -one.seconds)[:TRACKS]
    return sorted(longest, key=lambda one: one.track)


def lanes_of(track: TrackSummary, video: VideoSummary, colours: dict[str, str]) -> list[Lane]:
    """Return the lanes of a track: when the face is visible, then each expression with an episode."""
    lanes = [Lane("face", "var(--soft)", _bands(track.visible, video.seconds))]
    for one in track.expressions:
        own = [(each.onset, each.offset) for each in track.episodes if each.expression == one.expression]
        if own:
            colour = colours.get(one.expression, PALETTE[-1])
            lanes.append(Lane(one.expression, colour, _bands(own, video.seconds)))
    return lanes


def _bands(times: Iterable[tuple[float, float]], end: float) -> str:
    scale = UNITS / end if end > 0 else 0.0
    parts = (
        f"M{start * scale:.1f} 0h{max((stop - start) * scale, 1):.1f}v10H{start * scale:.1f}z"
        for start, stop in times
    )
    return "".join(parts)


def describe_track(track: TrackSummary) -> str:
    """Describe a time line for readers who do not see it."""
    episodes = [
        f"{printable(one.expression)} from {clock(one.onset)} to {clock(one.offset)}"
        for one in track.episodes[:EPISODES]
    ]
    return f"Time line of track {track.track}. {'; '.join(episodes) or 'No episode'}."


def marks_of(seconds: float) -> list[tuple[float, str]]:
    """Return the marks of a time axis: position in percent, and text."""
    step = next((one for one in STEPS if seconds / one <= MARKS), STEPS[-1])
    count = int(seconds / step) if seconds > 0 else 0
    times = [step * number for number in range(count + 1)]
    texts = [clock(time)[:-3] if seconds >= 60 else f"{time:g} s" for time in times]
    return [(100 * time / (seconds or 1), text) for time, text in zip(times, texts, strict=True)]


def clock(seconds: float) -> str:
    """Format a time as 0:07.25, 12:07.25 or 1:12:07.25."""
    whole = round(seconds * 100)
    minutes, rest = divmod(whole, 6000)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{start}:{rest // 100:02d}.{rest % 100:02d}"


def data_uri(content: bytes) -> str:
    """Encode a JPEG for the page."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"
