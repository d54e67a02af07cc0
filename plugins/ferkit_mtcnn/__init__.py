"""MTCNN (Zhang et al. 2016), by facenet-pytorch."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "detector", "mtcnn", "ferkit_mtcnn.detector:MTCNNDetector", "facenet-pytorch's MTCNN cascade"
        )
    ]
