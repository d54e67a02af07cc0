"""Everything that a plugin may import from ferkit.

A plugin is a module with one function:

    from ferkit.plugin import Component, hookimpl

    @hookimpl
    def ferkit_components():
        return [Component("head", "maxpool", "ferkit_maxpool.head:MaxPoolHead", "Strongest response")]

named by an entry point in the group `ferkit`. The constructor of a target is the schema of its options.

`ferkit_contract = 1` in the same module says for which version of the contract it is made. A ferkit whose
`CONTRACT_VERSION` is another lists it as broken, with what to do, and goes on without it.
"""

from __future__ import annotations

from ferkit.components.component import Component
from ferkit.components.hookspecs import CONTRACT_VERSION, hookimpl
from ferkit.components.weights.catalogue import load_weights
from ferkit.components.weights.entry import ArchiveMember, DirectFile, Weights
from ferkit.components.weights.first_use import accept_weights
from ferkit.data.descriptors import describe_faces
from ferkit.data.listing import Entry, read_listing
from ferkit.errors import ComponentError, DataError, FerkitError, RunError, WeightsError
from ferkit.interfaces import (
    CANONICAL_LABELS,
    Backbone,
    Dataset,
    Descriptor,
    Detections,
    Detector,
    Epoch,
    Estimator,
    Face,
    FeatureEstimator,
    Head,
    Loss,
    Output,
    Sample,
    WeightsName,
)
from ferkit.messages import suggest
from ferkit.neural.crop_kernels import crop_kernels
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.cache_dirs import cache_dir
from ferkit.runtime.onnx import open_session
from ferkit.runtime.walk import walk_folder

__all__ = [
    "CANONICAL_LABELS",
    "CONTRACT_VERSION",
    "ArchiveMember",
    "Backbone",
    "Component",
    "ComponentError",
    "DataError",
    "Dataset",
    "Descriptor",
    "Detections",
    "Detector",
    "DirectFile",
    "Entry",
    "Epoch",
    "Estimator",
    "Face",
    "FeatureEstimator",
    "FerkitError",
    "Head",
    "Loss",
    "Output",
    "RunError",
    "Sample",
    "Weights",
    "WeightsError",
    "WeightsName",
    "accept_weights",
    "atomic_path",
    "cache_dir",
    "crop_kernels",
    "describe_faces",
    "hookimpl",
    "load_weights",
    "open_session",
    "read_listing",
    "suggest",
    "walk_folder",
]
