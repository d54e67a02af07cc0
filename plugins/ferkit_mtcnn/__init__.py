"""MTCNN (Zhang et al. 2016): facenet-pytorch's networks in a quicker cascade."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "detector",
            "mtcnn",
            "ferkit_mtcnn.detector:MTCNNDetector",
            "MTCNN with facenet-pytorch's networks",
        )
    ]
