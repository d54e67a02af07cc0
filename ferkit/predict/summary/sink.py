"""The summary as an output of `ferkit predict`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferkit.errors import RunError
from ferkit.predict.media.sources import InputError
from ferkit.predict.output.sink import check_place
from ferkit.predict.predicted import Predicted
from ferkit.predict.summary.files import check_suffix, episodes_file, write_summary
from ferkit.predict.summary.summarise import Summariser


class SummarySink:
    """A file with the summary of all videos.

    Args:
        file: A .json, .csv or .html file.
        smooth: Seconds of smoothing, which the file states.
        thumbnails: Embed small images of the faces. For HTML.

    Attributes:
        model: Name of the model, which the file states.

    Raises:
        RunError: The file has another suffix, or its folder cannot be written.
    """

    def __init__(self, file: Path, smooth: float = 0.0, thumbnails: bool = False) -> None:
        check_suffix(file)
        check_place(file.parent, file, "--summary")
        self.file = file
        self.model = ""
        self._smooth = smooth
        self._thumbnails = thumbnails and file.suffix.lower() == ".html"
        self._summariser: Summariser | None = None

    def begin(self, labels: Sequence[str]) -> None:
        self._summariser = Summariser(labels, self._thumbnails)

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        assert self._summariser
        self._summariser.add(predicted)
        return ()

    def close(self, is_whole: bool) -> str | None:
        if self._summariser is None:
            return None
        model = self.model.partition("; model card: ")[0]  # a path of this machine
        summary = self._summariser.finish(model, self._smooth)
        file = self.file if is_whole else self.file.with_name(f"{self.file.name}.part")
        return " and ".join(str(one) for one in write_summary(summary, file, self.file.suffix))


def open_summaries(
    files: Sequence[Path], outs: Sequence[Path], smooth: float, thumbnails: bool
) -> list[SummarySink]:
    """Open each summary once. Raises RunError.

    Args:
        files: The files.
        outs: The other outputs, which a summary must not replace.
        smooth: Seconds of smoothing.
        thumbnails: Embed small images of the faces in HTML.
    """
    if thumbnails and not any(file.suffix.lower() == ".html" for file in files):
        raise RunError("Cannot embed --thumbnails: only HTML has images. Add --summary FILE.html.")
    taken = {out.resolve(): f"--out {out}" for out in outs}
    opened = {file.resolve(): file for file in files}
    for file in opened.values():
        for target in (file, *([episodes_file(file)] if file.suffix.lower() == ".csv" else [])):
            if clash := taken.get(target.resolve()):
                raise RunError(f"Cannot write --summary {file}: {clash} writes {target} too.")
            taken[target.resolve()] = f"--summary {file}"
    return [SummarySink(file, smooth, thumbnails) for file in opened.values()]
