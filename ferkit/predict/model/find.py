"""Find the model that `--model` names: a folder, a file, a bundled model or a model on the Hub."""

from __future__ import annotations

import os
from pathlib import Path

from ferkit.errors import RunError
from ferkit.messages import suggest
from ferkit.predict.hub.download import download_model
from ferkit.predict.model.bundled import DEFAULT
from ferkit.runtime.file_kinds import describe_special
from ferkit.runtime.hub_reference import is_reference, read_reference
from ferkit.runtime.shipped import MODELS as BUNDLED


def find_model(name: str | Path | None) -> Path:
    """Find a file, folder or bundled model of that name, or download one of the Hub. Raises RunError."""
    if is_reference(name):
        return download_model(read_reference(str(name)))
    if name is not None and os.path.exists(path := Path(name)):
        if not path.is_dir() and (special := describe_special(path)):
            raise RunError(f"Cannot load {path}: it is {special}, not a file.")
        return path
    known = {path.stem: path for path in sorted(BUNDLED.glob("*.safetensors"))}
    wanted = DEFAULT if name is None else str(name)
    if wanted in known:
        return known[wanted]
    bundled = suggest(wanted, known) if known else "No model is bundled."
    if name is None:
        raise RunError(f"No model is given. Give a run folder or a model file. {bundled}")
    raise RunError(f"Cannot find the model {name}: there is no such folder, file or bundled model. {bundled}")
