"""The public interface for plugins: import nothing else from ferkit.

A plugin is a module with one function:

    from ferkit.plugin import Component, hookimpl

    @hookimpl
    def ferkit_components():
        return [Component("head", "maxpool", "ferkit_maxpool.head:MaxPoolHead", "Strongest response")]

An entry point in the group `ferkit` names the module. The parameters of the target's constructor are the
options of the component.

`ferkit_contract = 2` in the same module states the version of the contract that the plugin was made for.
Plugins for version 1 work too. If ferkit does not support the version, it lists the plugin as broken,
explains how to fix it, and does not use it.
"""

from __future__ import annotations

from ferkit.components.component import Component
from ferkit.components.hookspecs import CONTRACT_VERSION, hookimpl
from ferkit.components.weights.catalogue import load_weights
from ferkit.components.weights.entry import ArchiveMember, DirectFile, Weights
from ferkit.components.weights.first_use import accept_weights
from ferkit.data.descriptors import describe_faces
from ferkit.data.inner_folds import inner_groups, make_inner_folds
from ferkit.data.listing import Entry, read_listing
from ferkit.data.table_text import find_encoding, find_separator
from ferkit.errors import ComponentError, DataError, FerkitError, RunError, WeightsError
from ferkit.interfaces import (
    CANONICAL_LABELS,
    Augmentation,
    Backbone,
    Callback,
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
    ModelFeatures,
    Optimizer,
    Output,
    Sample,
    Scheduler,
    TrainingSetup,
    WeightsName,
)
from ferkit.messages import describe_value, shorten, suggest
from ferkit.neural.crop_kernels import crop_kernels
from ferkit.runtime.atomic_write import atomic_path
from ferkit.runtime.cache_dirs import cache_dir
from ferkit.runtime.environment import temporary_variable
from ferkit.runtime.file_kinds import is_hidden, is_image
from ferkit.runtime.onnx import open_session
from ferkit.runtime.walk import walk_folder

__all__ = [
    "CANONICAL_LABELS",
    "CONTRACT_VERSION",
    "ArchiveMember",
    "Augmentation",
    "Backbone",
    "Callback",
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
    "ModelFeatures",
    "Optimizer",
    "Output",
    "RunError",
    "Sample",
    "Scheduler",
    "TrainingSetup",
    "Weights",
    "WeightsError",
    "WeightsName",
    "accept_weights",
    "atomic_path",
    "cache_dir",
    "crop_kernels",
    "describe_faces",
    "describe_value",
    "find_encoding",
    "find_separator",
    "hookimpl",
    "inner_groups",
    "is_hidden",
    "is_image",
    "load_weights",
    "make_inner_folds",
    "open_session",
    "read_listing",
    "shorten",
    "suggest",
    "temporary_variable",
    "walk_folder",
]
