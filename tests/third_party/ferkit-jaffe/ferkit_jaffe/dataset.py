"""JAFFE (Lyons, Kamachi and Gyoba 1998)."""

from __future__ import annotations

from pathlib import Path

from ferkit.plugin import DataError, Sample

CODES = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
SUFFIXES = {".tiff", ".png"}


class Jaffe:
    """Files that are called PERSON.CODE.NUMBER.tiff, e.g. KA.AN1.39.tiff.

    root: the folder with all of them. Groups: "person".
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def faults(self) -> list[str]:
        if self._files():
            return []
        return [
            f"{self.root} holds no file like KA.AN1.39.tiff. JAFFE is to be requested from its authors "
            "(M. Lyons, M. Kamachi, J. Gyoba)"
        ]

    def samples(self) -> list[Sample]:
        if faults := self.faults():
            raise DataError("\n".join(faults))
        return [self._sample(path) for path in self._files()]

    def _files(self) -> list[Path]:
        return sorted(path for path in self.root.glob("*.*.*.*") if path.suffix in SUFFIXES)

    def _sample(self, path: Path) -> Sample:
        person, code, *_ = path.name.split(".")
        if code[:2] not in CODES:
            raise DataError(f"{path}: expected one of {', '.join(CODES)} after the person, got {code!r}")
        return Sample(path, CODES[code[:2]], {"person": person})
