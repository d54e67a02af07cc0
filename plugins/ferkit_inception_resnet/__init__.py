"""InceptionResnetV1 (Szegedy et al. 2017) as a backbone, and the weights that are known for it."""

from ferkit.plugin import Component, hookimpl

CATALOGUE = "ferkit_inception_resnet.catalogue"


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "backbone",
            "inception_resnet_v1",
            "ferkit_inception_resnet.backbone:InceptionResnetV1Backbone",
            "facenet-pytorch's InceptionResnetV1, trained on faces",
        ),
        Component("weights", "vggface2", f"{CATALOGUE}:VGGFACE2", "InceptionResnetV1 on VGGFace2"),
        Component(
            "weights", "casia-webface", f"{CATALOGUE}:CASIA_WEBFACE", "InceptionResnetV1 on CASIA-WebFace"
        ),
        Component("weights", "msceleb1m", f"{CATALOGUE}:MSCELEB1M", "InceptionResnetV1 on MS-Celeb-1M"),
    ]
