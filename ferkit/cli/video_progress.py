"""Progress of a prediction through the frames of videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from ferkit.predict.media.frames import Frame


@contextmanager
def watch_videos(is_shown: bool) -> Iterator[Callable[[Frame], None]]:
    """Show a bar from the first frame of a video on. Images are not shown, so rich is not imported for them.

    Yields a function that counts a frame, skipped frames included.
    """
    opened: Callable[[Frame], None] | None = None

    def show(frame: Frame) -> None:
        nonlocal opened
        if not is_shown or frame.number is None:
            return
        if opened is None:
            from ferkit.cli.video_bars import open_bars

            opened = stack.enter_context(open_bars())
        opened(frame)

    with ExitStack() as stack:
        yield show
