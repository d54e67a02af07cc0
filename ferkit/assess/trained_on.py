"""The images that a model was trained on, as its file records them."""

from __future__ import annotations

from ferkit.neural.checkpoint import read_header
from ferkit.predict.model.find import find_model
from ferkit.predict.model.from_run import open_run
from ferkit.predict.model.load import InMemory, Source
from ferkit.predict.model.which import WhichNetwork


def read_trained_on(model: Source, which: WhichNetwork, trust_plugins: bool = False) -> frozenset[str] | None:
    """Return the first digits of the hashes of the training images, or None if they are not recorded.

    Args:
        model: A run folder, a model file, the name of a bundled model or a network in memory; None for the
            default model.
        which: A network of a run. With fold "all", an image that trained any of the folds counts.
        trust_plugins: Import modules that the model names.
    """
    if isinstance(model, InMemory):
        return model.trained_on or None
    path = find_model(model)
    files = open_run(path, which, trust_plugins).files if path.is_dir() else (path,)
    if path.is_file() and path.suffix != ".safetensors":  # ONNX and .pt2 files do not record it
        return None
    each = [read_header(file).trained_on for file in files]
    return frozenset().union(*each) if all(each) else None
