"""Backbones: InceptionResnetV1 with weights trained on faces, and any model of timm."""

from ferkit.plugin import Component, hookimpl

INCEPTION = "ferkit_backbones.inception_resnet_v1"


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "backbone",
            "inception_resnet_v1",
            f"{INCEPTION}.backbone:InceptionResnetV1Backbone",
            "facenet-pytorch's InceptionResnetV1, trained on faces",
        ),
        Component("backbone", "timm", "ferkit_backbones.timm:TimmBackbone", "Any feature extractor of timm"),
        Component(
            "weights", "vggface2", f"{INCEPTION}.weights:VGGFACE2", "InceptionResnetV1 trained on VGGFace2"
        ),
        Component(
            "weights",
            "casia-webface",
            f"{INCEPTION}.weights:CASIA_WEBFACE",
            "InceptionResnetV1 trained on CASIA-WebFace",
        ),
        Component(
            "weights",
            "msceleb1m",
            f"{INCEPTION}.weights:MSCELEB1M",
            "InceptionResnetV1 trained on MS-Celeb-1M",
        ),
    ]
