"""RetinaFace, from the package retinaface-pytorch: pip install "ferkit[retinaface]"."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "detector",
            "retinaface",
            "ferkit_retinaface.detector:RetinaFaceDetector",
            "RetinaFace (Deng et al. 2020), with the extra retinaface",
        ),
        Component(
            "weights",
            "retinaface_resnet50",
            "ferkit_retinaface.weights:RESNET50",
            "RetinaFace with a ResNet-50 on WIDER FACE",
        ),
    ]
