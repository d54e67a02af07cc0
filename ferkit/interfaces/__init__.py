"""Values and protocols of the plugin contract.

Frozen dataclasses pass between the steps of a run. One `Protocol` for each kind of component defines what the
component provides. These modules import neither numpy nor torch, which keeps `ferkit check` and `ferkit
plugins` fast.
"""

from ferkit.interfaces.components import (
    Backbone,
    Dataset,
    Descriptor,
    Detector,
    Estimator,
    FeatureEstimator,
    Head,
    Loss,
    ModelFeatures,
    Output,
    WeightsName,
)
from ferkit.interfaces.training import Augmentation, Callback, Optimizer, Scheduler, TrainingSetup
from ferkit.interfaces.values import CANONICAL_LABELS, Detections, Epoch, Face, Sample

__all__ = [
    "CANONICAL_LABELS",
    "Augmentation",
    "Backbone",
    "Callback",
    "Dataset",
    "Descriptor",
    "Detections",
    "Detector",
    "Epoch",
    "Estimator",
    "Face",
    "FeatureEstimator",
    "Head",
    "Loss",
    "ModelFeatures",
    "Optimizer",
    "Output",
    "Sample",
    "Scheduler",
    "TrainingSetup",
    "WeightsName",
]
