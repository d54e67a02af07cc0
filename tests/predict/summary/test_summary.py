"""The summary of a video: shares, episodes, files and the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.predict import Predicted, Row, summarise
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import Ignored, ImageSource, VideoSource
from ferkit.predict.summary.page import clock, marks_of
from ferkit.predict.summary.sink import SummarySink, open_summaries
from ferkit.predict.summary.values import Summary, TrackSummary

LABELS = ("anger", "joy")
Face = tuple[int, str, float]
"""Track, label and its probability."""


def frame(
    time: float, *faces: Face, file: str = "a.mp4", lasts: float = 0.1, abstained: bool = False
) -> Predicted:
    rows = [
        Row(
            file, 0, time, 1, track, (1, 1, 9, 9),
            probabilities={one: p if one == label else 1 - p for one in LABELS},
            label=label, abstained=abstained,
        )
        for track, label, p in faces
    ]  # fmt: skip
    image = np.full((20, 20, 3), 99, np.uint8)
    shown = Frame(SOURCES[file], image, round(time * 10), time, lasts)
    return Predicted(shown, rows or [Row(file, 0, time)])


SOURCES = {name: VideoSource(Path(name), Path(name)) for name in ("a.mp4", "b.mp4", "<b>'\u202e.mp4")}


def shares(track: TrackSummary) -> dict[str, float]:
    return {one.expression: round(one.share, 3) for one in track.expressions}


def one_track(frames: Sequence[Predicted]) -> TrackSummary:
    (video,) = summarise(frames).videos
    (track,) = video.tracks
    return track


def test_shares_are_of_the_time_in_which_the_face_is_visible() -> None:
    frames = [frame(n / 10, (1, "joy" if n < 15 else "anger", 0.9)) for n in range(20)]
    frames += [frame(2 + n / 10) for n in range(10)]
    track = one_track(frames)
    assert (track.first, track.last) == (0, pytest.approx(2))
    assert track.seconds == pytest.approx(2)
    assert [(one.expression, round(one.share, 3)) for one in track.expressions] == [
        ("joy", 0.75),
        ("anger", 0.25),
    ]


def test_an_episode_has_its_onset_apex_and_offset() -> None:
    values = [0.6, 0.7, 0.95, 0.7, 0.6, 0.6]
    track = one_track([frame(3 + n / 10, (4, "joy", p)) for n, p in enumerate(values)])
    (episode,) = track.episodes
    assert (episode.onset, episode.offset) == (3, pytest.approx(3.6))
    assert (episode.apex.time, episode.apex.probability, episode.apex.frame) == (3.2, 0.95, 32)
    assert track.expressions[0].longest == episode
    assert track.expressions[0].strongest == episode.apex


def test_a_run_of_less_than_half_a_second_is_no_episode_but_counts_for_the_share() -> None:
    labels = ["joy"] * 8 + ["anger"] * 4 + ["joy"] * 5
    track = one_track([frame(n / 10, (1, one, 0.8)) for n, one in enumerate(labels)])
    assert [(one.expression, round(one.onset, 1), round(one.offset, 1)) for one in track.episodes] == [
        ("joy", 0, 0.8),
        ("joy", 1.2, 1.7),
    ]
    assert track.expressions[1].share == pytest.approx(4 / 17)
    assert track.expressions[1].longest is None


@pytest.mark.parametrize(("gap", "episodes"), [(0.5, 1), (0.6, 2)])
def test_a_short_gap_does_not_end_an_episode(gap: float, episodes: int) -> None:
    times = [*(n / 10 for n in range(8)), *(0.8 + gap + n / 10 for n in range(8))]
    track = one_track([frame(time, (1, "joy", 0.8)) for time in times])
    assert len(track.episodes) == episodes
    assert track.seconds == pytest.approx(1.6)
    assert len(track.visible) == episodes


def test_frames_below_the_threshold_are_unsure_and_end_an_episode() -> None:
    frames = [frame(n / 10, (1, "joy", 0.8), abstained=6 <= n < 14) for n in range(20)]
    track = one_track(frames)
    assert [one.expression for one in track.episodes] == ["joy", "joy"]
    assert shares(track) == {"joy": 0.6, "unsure": 0.4}


def test_durations_of_frames_count_where_the_rate_varies() -> None:
    frames = [frame(0, (1, "joy", 0.8), lasts=3), frame(3, (1, "anger", 0.8), lasts=1)]
    assert [(one.expression, one.share) for one in one_track(frames).expressions] == [
        ("joy", 0.75),
        ("anger", 0.25),
    ]


def test_images_are_skipped_and_videos_are_apart() -> None:
    still = Predicted(
        Frame(ImageSource(Path("i"), Path("i")), np.zeros((2, 2, 3), np.uint8)), [Row("i", face=1)]
    )
    summary = summarise(
        [still, frame(0, (1, "joy", 0.8)), Ignored("x"), frame(0, (1, "joy", 0.8), file="b.mp4")]
    )
    assert [video.file for video in summary.videos] == ["a.mp4", "b.mp4"]
    assert summary.labels == LABELS


def made(thumbnails: bool = False) -> Summary:
    frames = [
        frame(n / 10, (1, "joy" if n < 10 else "anger", 0.6 + n / 100), (2, "anger", 0.7)) for n in range(20)
    ]
    hostile = [frame(n / 10, (1, "joy", 0.7), file="<b>'\u202e.mp4") for n in range(3)]
    return summarise([*frames, *hostile], LABELS, thumbnails)


def test_json_has_all_values(tmp_path: Path) -> None:
    made().write(tmp_path / "s.json")
    found = json.loads((tmp_path / "s.json").read_text())
    assert (found["labels"], found["shortest_episode"]) == (list(LABELS), 0.5)
    first, second = found["videos"][0]["tracks"]
    assert (first["first"], first["last"], second["track"]) == (0, 2, 2)
    assert first["episodes"][1] == {
        "expression": "anger",
        "onset": 1.0,
        "offset": 2.0,
        "apex": {"time": 1.9, "frame": 19, "probability": 0.79},
    }


def test_csv_is_two_tables(tmp_path: Path) -> None:
    made().write(tmp_path / "s.csv")
    with (tmp_path / "s.csv").open() as file:
        tracks = list(csv.DictReader(file))
    with (tmp_path / "s.episodes.csv").open() as file:
        episodes = list(csv.DictReader(file))
    assert [(one["track"], one["expression"], one["share"]) for one in tracks[:3]] == [
        ("1", "joy", "0.5"),
        ("1", "anger", "0.5"),
        ("2", "anger", "1.0"),
    ]
    assert (tracks[0]["longest_offset"], tracks[3]["longest_offset"]) == ("1.0", "")
    assert [(one["expression"], one["onset"], one["offset"]) for one in episodes] == [
        ("joy", "0.0", "1.0"),
        ("anger", "1.0", "2.0"),
        ("anger", "0.0", "2.0"),
    ]


def test_the_page_names_each_lane_and_needs_no_other_file(tmp_path: Path) -> None:
    made().write(tmp_path / "s.html")
    page = (tmp_path / "s.html").read_text()
    assert "Time line of track 1. joy from 0:00.00 to 0:01.00; anger from 0:01.00 to 0:02.00." in page
    assert page.count('<path d="M') == 3 + 2 + 1
    assert "&lt;b&gt;&#39;\\u202e.mp4" in page
    assert "<b>" not in page
    for word in ("src=", "http:", "https:", "url(", "<script"):
        assert word not in page


def test_thumbnails_are_embedded_on_request(tmp_path: Path) -> None:
    made(thumbnails=True).write(tmp_path / "s.html")
    page = (tmp_path / "s.html").read_text()
    assert page.count('src="data:image/jpeg;base64,') == 4
    assert 'alt="Track 1 at 0:01.90"' in page


def test_without_a_video_the_files_say_so(tmp_path: Path) -> None:
    for suffix in ("json", "csv", "html"):
        summarise([]).write(tmp_path / f"s.{suffix}")
    assert "No video was processed" in (tmp_path / "s.html").read_text()
    summarise([frame(0)]).write(tmp_path / "s.html")
    assert "No face was found" in (tmp_path / "s.html").read_text()


@pytest.mark.parametrize("name", ["s.txt", "s", "s.xlsx"])
def test_another_suffix_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"--summary .*expected the suffix \.json, \.csv, \.html"):
        SummarySink(tmp_path / name)


def test_a_summary_replaces_no_other_output(tmp_path: Path) -> None:
    for name in ("s.csv", "s.episodes.csv"):
        with pytest.raises(RunError, match=r"writes .* too"):
            open_summaries([tmp_path / "s.csv"], [tmp_path / name], 0, False)
    with pytest.raises(RunError, match=r"writes .* too"):
        open_summaries([tmp_path / "s.csv", tmp_path / "s.episodes.csv"], [], 0, False)


def test_a_relative_path_is_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"--out s\.csv writes"):
        open_summaries([tmp_path / "s.csv"], [Path("s.csv")], 0, False)


def test_thumbnails_need_a_page(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="--thumbnails"):
        open_summaries([tmp_path / "s.json"], [], 0, True)


def test_an_interrupted_summary_keeps_its_suffix_part(tmp_path: Path) -> None:
    sink = SummarySink(tmp_path / "s.json")
    sink.begin(LABELS)
    sink.write(frame(0, (1, "joy", 0.8)))
    assert sink.close(is_whole=False) == str(tmp_path / "s.json.part")
    assert json.loads((tmp_path / "s.json.part").read_text())["videos"][0]["frames"] == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(7.25, "0:07.25"), (59.999, "1:00.00"), (4327.5, "1:12:07.50")]
)
def test_times_are_read_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize("seconds", [0, 0.3, 7, 59, 61, 3600, 9000, 1e6])
def test_a_time_axis_has_few_marks(seconds: float) -> None:
    marks = marks_of(seconds)
    assert marks[0][0] == 0
    assert len(marks) <= 70 if seconds > 1e5 else len(marks) <= 6
    assert all(0 <= place <= 100 for place, _ in marks)


def test_a_summary_names_the_model_without_the_path_of_its_card(tmp_path: Path) -> None:
    sink = SummarySink(tmp_path / "s.json")
    sink.model = "default, bundled; model card: /home/me/default.safetensors.card.md"
    sink.begin(LABELS)
    sink.close(is_whole=True)
    assert json.loads((tmp_path / "s.json").read_text())["model"] == "default, bundled"
