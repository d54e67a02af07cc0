"""No detection: for photographs that are cropped already."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "detector",
            "whole_image",
            "ferkit_whole_image.detector:WholeImageDetector",
            "Takes each image as a face",
        )
    ]
