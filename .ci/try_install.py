"""Try the installed ferkit: `PYTHON .ci/try_install.py`, with the Python of a fresh environment.

It works in an empty folder with empty caches: predicts scikit-image's astronaut with the bundled model, and
checks a recipe by its name. It exits with 1 where an answer is not the expected one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from PIL import Image
from skimage import data

import ferkit


def run(folder: Path, *words: str) -> str:
    """What a command of ferkit prints, run in a folder."""
    command = [str(Path(sysconfig.get_path("scripts"), "ferkit")), *words]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"ferkit {' '.join(words)}: expected exit status 0, got {done.returncode}")
    return done.stdout


def main() -> None:
    """Predict an image and check a recipe."""
    code = Path(ferkit.__file__)
    if not code.is_relative_to(sys.prefix):
        raise SystemExit(f"Cannot try ferkit: expected it in {sys.prefix}, got {code}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        astronaut = data.astronaut()  # type: ignore[no-untyped-call]
        Image.fromarray(astronaut).save(folder / "astronaut.png")
        rows = [
            json.loads(line)
            for line in run(folder, "predict", "astronaut.png", "--format", "jsonl").splitlines()
        ]
        run(folder, "check", "quickstart")
    labels = [row["label"] for row in rows]
    if labels != ["happiness"]:
        raise SystemExit(f"ferkit predict astronaut.png: expected one face, happiness; got {labels}")
    print(f"ferkit {ferkit.__version__}: {labels[0]} in astronaut.png; the recipe quickstart has no errors")


if __name__ == "__main__":
    main()
