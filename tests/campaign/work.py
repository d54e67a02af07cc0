"""Work that a forked process does, and that is no command of its own."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ferkit.cli import main
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.components.weights.entry import DirectFile, Weights
from ferkit.components.weights.fetch import ensure
from ferkit.data.faces import find_faces
from ferkit.data.options import FaceOptions
from ferkit.interfaces import Sample
from ferkit.runtime.atomic_write import write_text
from tests.campaign.campaign import ROOT
from tests.predict.drawn import PLUGIN, write_picture

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def draw_pictures(folder: Path, count: int) -> Path:
    for number in range(count):
        write_picture(folder / f"{number:03}.png", (number % 60, number % 40))
    return folder


def detect(images: Path, out: Path) -> None:
    """Find the face in each image, and write the boxes."""
    samples = [Sample(path, "anger") for path in sorted(images.iterdir())]
    found = find_faces(Part(name="spots"), FaceOptions(), load_plugins([PLUGIN]), samples)
    boxes = {face.sample.path.name: [face.box, face.sha256] for face in found.faces}
    write_text(out, json.dumps(boxes))


def fetch_weights(address: str) -> None:
    """Fetch weights into torch's cache."""
    ensure(Weights("some", "some.bin", SHA256, DirectFile(f"{address}/some.bin"), "MIT", "nothing", 512))


class Slow(BaseHTTPRequestHandler):
    """A server that needs 0.3 s for the weights."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        step = len(CONTENT) // 16
        try:
            for first in range(0, len(CONTENT), step):
                self.wfile.write(CONTENT[first : first + step])
                time.sleep(0.02)
        except OSError:
            pass  # whoever asked was killed

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[str]:
    """The address of a slow server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def limit_files(most: int, words: list[str]) -> None:
    """Call ferkit with a limit on the size of files that it writes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    call_ferkit(words)


def jump_the_clock(seed: int, words: list[str]) -> None:
    """Call ferkit with a clock that jumps forward and back by up to a year."""
    draw, tell = random.Random(seed), time.time
    time.time = lambda: tell() + draw.uniform(-3e7, 3e7)  # type: ignore[assignment]
    call_ferkit(words)


def in_folder(folder: Path, words: list[str]) -> None:
    """Call ferkit in a folder that has no room for a log."""
    os.chdir(folder)
    call_ferkit(words)


def call_ferkit(words: list[str]) -> None:
    sys.path.insert(0, str(ROOT))
    sys.argv = ["ferkit", *words]
    main()


def vanish(files: list[Path], draw: random.Random) -> None:
    """Delete one of the files, or a half of it."""
    if files:
        path = files.pop(draw.randrange(len(files)))
        if draw.random() < 0.3:
            path.write_bytes(path.read_bytes()[:100])
        elif draw.random() < 0.3:
            path.unlink()
            path.mkdir()
        else:
            path.unlink()
