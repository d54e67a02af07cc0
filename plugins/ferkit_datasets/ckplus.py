"""CK+ (Lucey et al. 2010): posed sequences from a neutral face to the peak of an expression."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferkit.plugin import DataError, Sample
from ferkit_datasets.labels import CKPLUS as CODES
from ferkit_datasets.labels import check_left_out, find_label
from ferkit_datasets.rows import Problems

LAYOUT = """\
Request CK+ from its authors (P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews, "The
Extended Cohn-Kanade Dataset (CK+)", CVPR Workshops 2010): http://www.jeffcohn.net/Resources/
Expected layout:
    {root}/cohn-kanade-images/S005/001/S005_001_00000011.png
    {root}/Emotion/S005/001/S005_001_00000011_emotion.txt"""


class CKPlus:
    """Frames of the 327 labelled sequences of CK+.

    Its groups are "person" (the subject) and "clip" (the sequence). CK+ has no splits.

    Args:
        root: Folder with cohn-kanade-images and Emotion.
        last_frames: Frames used from the end of each sequence, where the expression peaks; at least 1.
        first_frame_neutral: Use the first frame of each sequence as a neutral face, unless it is one of the
            last frames.
        leave_out: Labels to skip, usually "contempt".
    """

    def __init__(
        self,
        root: Path,
        last_frames: int = 3,
        first_frame_neutral: bool = True,
        leave_out: tuple[str, ...] = (),
    ) -> None:
        if last_frames < 1:
            raise ValueError(f"last_frames: expected 1 or more, got {last_frames}")
        check_left_out(leave_out, CODES.values())
        self.root = root
        self.last_frames = last_frames
        self.first_frame_neutral = first_frame_neutral
        self.leave_out = leave_out

    def problems(self) -> list[str]:
        folders = [self.root / "cohn-kanade-images", self.root / "Emotion"]
        missing = " and no ".join(str(path) for path in folders if not path.is_dir())
        return [f"there is no folder {missing}. {LAYOUT.format(root=self.root)}"] if missing else []

    def samples(self) -> list[Sample]:
        if problems := self.problems():
            raise DataError("\n".join(problems))
        errors, samples = Problems(), []
        for file in sorted((self.root / "Emotion").glob("S*/*/*_emotion.txt")):
            try:
                samples += [one for one in self._sequence(file) if one.label not in self.leave_out]
            except (OSError, ValueError) as error:
                errors.add(str(file), error)
        errors.check()
        if not samples:
            layout = LAYOUT.format(root=self.root)
            raise DataError(f"{self.root / 'Emotion'} has no S005/001/*_emotion.txt. {layout}")
        return samples

    def _sequence(self, file: Path) -> Iterator[Sample]:
        """Yield the samples of the sequence labelled by a file. Raises ValueError and OSError."""
        subject, sequence = file.parts[-3:-1]
        label = _read_label(file)
        folder = self.root / "cohn-kanade-images" / subject / sequence
        frames = sorted(folder.glob(f"{subject}_{sequence}_*.png"))
        if not frames:
            raise ValueError(f"there are no frames {folder}/{subject}_{sequence}_*.png")
        groups = {"person": subject, "clip": f"{subject}_{sequence}"}
        if self.first_frame_neutral and len(frames) > self.last_frames:
            yield Sample(frames[0], "neutral", groups)
        for frame in frames[-self.last_frames :]:
            yield Sample(frame, label, groups)


def _read_label(file: Path) -> str:
    """Read a label that CK+ writes as a decimal number, such as "   3.0000000e+00"."""
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    try:
        code = float(text)
    except ValueError as error:
        raise ValueError(f"expected a number such as 3.0000000e+00, got {text[:40]!r}") from error
    return find_label(f"{code:g}", CODES)
