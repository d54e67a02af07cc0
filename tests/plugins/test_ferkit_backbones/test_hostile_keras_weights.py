"""A .h5 file that leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from ferkit_backbones.inception_resnet_v1.keras_weights import read_keras_weights

from ferkit.errors import WeightsError

KERNEL = "Conv2d_1a_3x3/kernel:0"


def plant(folder: Path, kind: str) -> Path:
    """Weights whose kernel is in another file."""
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = np.ones((3, 3, 3, 4), np.float32)
        other[f"model_weights/{KERNEL}"] = np.ones((3, 3, 3, 4), np.float32)
    np.ones(108, np.float32).tofile(folder / "other.bin")
    with h5py.File(folder / "weights.h5", "w") as file:
        if kind == "external group":
            file["model_weights"] = h5py.ExternalLink("other.h5", "/model_weights")
        elif kind == "external link":
            file[f"model_weights/{KERNEL}"] = h5py.ExternalLink("other.h5", "/kernel")
        elif kind == "soft link":
            file["model_weights/first/kernel:0"] = np.ones(2, np.float32)
            file["model_weights/second"] = h5py.SoftLink("/model_weights/first")
        elif kind == "external data":
            place = [(folder / "other.bin", 0, h5py.h5f.UNLIMITED)]
            file.create_dataset(f"model_weights/{KERNEL}", (3, 3, 3, 4), np.float32, external=place)
        else:
            layout = h5py.VirtualLayout((3, 3, 3, 4), np.float32)
            layout[...] = h5py.VirtualSource(folder / "other.h5", "kernel", (3, 3, 3, 4))
            file.create_virtual_dataset(f"model_weights/{KERNEL}", layout)
    return folder / "weights.h5"


@pytest.mark.parametrize(
    "kind", ["external group", "external link", "soft link", "external data", "virtual data"]
)
def test_weights_that_lead_to_another_file_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    file = plant(tmp_path, kind)
    with pytest.raises(WeightsError, match=r"weights\.h5.* is a link"):
        read_keras_weights(file)
