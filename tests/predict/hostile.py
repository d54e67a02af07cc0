"""Model files that are changed after ferkit wrote them."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

PROGRAM_HEADER = "extra/ferkit"


def replace_members(file: Path, changes: dict[str, bytes]) -> None:
    """Write other bytes into members of a .pt2, by the end of their name."""
    with zipfile.ZipFile(file) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    for end, content in changes.items():
        (name,) = [name for name in members if name.endswith(end)]
        members[name] = content
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def describe_anew(file: Path, text: str) -> None:
    """Replace a model's header."""
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file, save_file

        save_file(load_file(file), file, {"ferkit": text})
    elif file.suffix == ".onnx":
        import onnx

        model = onnx.load(file)
        onnx.helper.set_model_props(model, {"ferkit": text})
        onnx.save(model, file)
    else:
        replace_members(file, {PROGRAM_HEADER: text.encode()})


class Evil:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str, int]]:
        return os.open, (str(self.marker), os.O_CREAT)
