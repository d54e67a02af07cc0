"""The bar of a video on a terminal."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from ferkit.cli.video_bars import VideoProgress
from ferkit.cli.video_progress import watch_videos
from ferkit.predict.media.frames import Frame, read_frames
from ferkit.predict.media.sources import ImageSource, VideoSource, find_sources
from tests.predict.drawn import picture, write_video


def shot(name: str, number: int, total: int | None = 40) -> Frame:
    return Frame(SOURCES[name], picture(), number, number / 25, total=total)


SOURCES = {name: VideoSource(Path(name), Path(name)) for name in ("[red]a.mp4", "b.mp4")}


def test_the_bar_is_that_of_the_current_video() -> None:
    with Progress(console=Console(file=io.StringIO()), disable=True) as bars:
        progress = VideoProgress(bars)
        progress.show(shot("[red]a.mp4", 0))
        progress.show(shot("[red]a.mp4", 9))
        (task,) = bars.tasks
        assert (task.description, task.completed, task.total) == ("\\[red]a.mp4", 10, 40)
        progress.show(shot("b.mp4", 0, None))
        (task,) = bars.tasks
        assert (task.description, task.completed, task.total) == ("b.mp4", 1, None)


@pytest.mark.parametrize("is_shown", [True, False])
def test_without_a_terminal_or_a_wish_nothing_is_shown(
    is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = io.StringIO()
    error.isatty = lambda: not is_shown  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", error)
    with watch_videos(is_shown) as show:
        show(shot("b.mp4", 0))
    assert error.getvalue() == ""


def test_on_a_terminal_the_frames_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    error = io.StringIO()
    error.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setenv("TERM", "xterm")
    with watch_videos(True) as show:
        show(Frame(ImageSource(Path("photo.jpg"), Path("photo.jpg")), picture()))
        assert not error.getvalue()
        for number in range(3):
            show(shot("b.mp4", number))
    assert "b.mp4" in error.getvalue()
    assert "/40" in error.getvalue()


def test_a_frame_states_how_many_there_are(tmp_path: Path) -> None:
    file = write_video(tmp_path / "v.avi", [picture()] * 7)
    assert {one.total for one in read_frames(find_sources([file])) if isinstance(one, Frame)} == {7}
