"""Compare decoders of JPEG and PNG: Pillow, OpenCV, torchvision and simplejpeg, in turns on each image.

Images of a folder are encoded again at their own size, and enlarged to 12 megapixels. The times are seconds
of the processor in one thread, from bytes in memory to an RGB array. "times as fast" is the median ratio to
Pillow over the images. The difference is to Pillow's pixels, in grey levels. "draft" lets
Pillow read a JPEG at a smaller scale of its DCT, for a longer side of at least 2048 pixels.

    python -m benchmarks.decoding --images "$FERKIT_DATA/sfew" --limit 20
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.io import ImageReadMode
from torchvision.io import decode_image as torchvision_decode

from benchmarks.script import count, make_parser, make_record, run_script
from ferkit.bench.record import Measurement, Record
from ferkit.bench.run import ProgressCallback
from ferkit.bench.subject import find_images
from ferkit.data.images import decode_image, read_image
from ferkit.predict.face_finder import LONGER_SIDE

LARGE = 4000, 3000
QUALITY = 90
Pixels = NDArray[np.uint8]
Decode = Callable[[bytes], Pixels]


def by_pillow(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content)) as image:
        return np.array(image.convert("RGB"))


def by_opencv(content: bytes) -> Pixels:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(image, np.uint8)


def by_torchvision(content: bytes) -> Pixels:
    tensor = torchvision_decode(torch.frombuffer(bytearray(content), dtype=torch.uint8), ImageReadMode.RGB)
    return np.ascontiguousarray(tensor.permute(1, 2, 0).numpy())


def by_simplejpeg(content: bytes) -> Pixels:
    import simplejpeg  # not a dependency: pip install simplejpeg

    return np.asarray(simplejpeg.decode_jpeg(content))


def by_draft(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", (LONGER_SIDE, LONGER_SIDE * image.height // image.width))
        return np.array(image)


DECODERS: dict[str, Decode] = {
    "Pillow": by_pillow,
    "ferkit": decode_image,
    "OpenCV": by_opencv,
    "torchvision": by_torchvision,
    "simplejpeg": by_simplejpeg,
    "Pillow, draft": by_draft,
}


def encode(image: Pixels, kind: str, is_large: bool) -> bytes:
    picture = Image.fromarray(image)
    content = io.BytesIO()
    (picture.resize(LARGE, Image.Resampling.BICUBIC) if is_large else picture).save(
        content, kind, **({"quality": QUALITY} if kind == "JPEG" else {"compress_level": 1})
    )
    return content.getvalue()


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    paths = find_images(options.images)
    places = np.linspace(0, len(paths) - 1, min(options.limit, len(paths))).round()
    images = [read_image(paths[int(place)]) for place in places]
    measurements, facts = [], {}
    decoders = [one for one in DECODERS if one != "simplejpeg" or find_spec("simplejpeg")]
    for kind in ("JPEG", "PNG"):
        for is_large in (False, True):
            case = f"{kind}, {'12 megapixels' if is_large else 'own size'}"
            say(case)
            names = [one for one in decoders if kind == "JPEG" or one not in ("simplejpeg", "Pillow, draft")]
            seconds: dict[str, list[float]] = {name: [] for name in names}
            largest = dict.fromkeys(names, 0)
            for content in (encode(image, kind, is_large) for image in images):
                expected = by_pillow(content).astype(np.int16)
                for name in names:
                    started = time.process_time()
                    pixels = DECODERS[name](content)
                    seconds[name].append(time.process_time() - started)
                    if pixels.shape == expected.shape:
                        largest[name] = max(largest[name], int(np.abs(pixels - expected).max()))
            for name, taken in seconds.items():
                measurements.append(Measurement({"stage": "decode", "case": case, "decoder": name}, taken, 1))
                ratio = np.median(np.array(seconds["Pillow"]) / np.array(taken))
                facts[f"{case}: {name}"] = {
                    "ms": round(1000 * float(np.median(taken)), 2),
                    "times as fast": round(float(ratio), 2),
                    "largest difference": largest[name],
                }
    setting = {"images": f"{len(images)} of {options.images}", "quality of JPEG": QUALITY}
    return make_record("benchmarks/decoding.py", setting, measurements, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--images", type=Path, required=True, help="a folder of images")
    parser.add_argument(
        "--limit", type=count, default=20, help="number of images, evenly over the folder [20]"
    )
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
