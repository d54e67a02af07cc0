"""Face detectors: MTCNN, BlazeFace, both together, RetinaFace, and one for images that are faces already."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "detector",
            "mtcnn",
            "ferkit_detectors.mtcnn.detector:MTCNNDetector",
            "MTCNN with facenet-pytorch's networks",
        ),
        Component(
            "detector",
            "blazeface",
            "ferkit_detectors.blazeface.detector:BlazeFaceDetector",
            "BlazeFace with MediaPipe's networks, fast on a CPU",
        ),
        Component(
            "detector",
            "blazeface_mtcnn",
            "ferkit_detectors.blazeface_mtcnn:BlazeFaceMTCNNDetector",
            "BlazeFace with MTCNN's boxes and landmarks, fast on a CPU",
        ),
        Component(
            "detector",
            "retinaface",
            "ferkit_detectors.retinaface:RetinaFaceDetector",
            "RetinaFace (Deng et al. 2020), with the extra retinaface",
        ),
        Component(
            "detector",
            "whole_image",
            "ferkit_detectors.whole_image:WholeImageDetector",
            "Each image as one face, for cropped images",
        ),
        Component(
            "weights",
            "retinaface_resnet50",
            "ferkit_detectors.retinaface_weights:RESNET50",
            "RetinaFace with a ResNet-50, trained on WIDER FACE",
        ),
    ]
