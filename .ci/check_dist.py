"""Check the files in a wheel and an sdist: `python .ci/check_dist.py dist`. Exits with 1 for problems.

A wheel has exactly the tracked files of ferkit/, plugins/ and recipes/, apart from the plugins' README files.
An sdist has these as well, and what it takes to build the wheel again. It has no tests: they compare the code
with docs/, benchmarks/ and git, and run from a checkout only. CITATION.cff has the version of the wheel.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
REQUIRED = (
    "ferkit/py.typed",
    "ferkit/models/default.onnx",
    "ferkit/models/default.safetensors",
    "ferkit/report/report.html",
    "ferkit/report/report.css",
    "ferkit/audit/page.html",
    "ferkit/predict/card/card.md.jinja",
    "ferkit/predict/summary/page.html",
    "ferkit/testing/scaffold/templates/pyproject.toml.template",
    "ferkit/testing/scaffold/templates/code/head.py.template",
    "ferkit_detectors/blazeface/graphs/full.safetensors",
    "ferkit_detectors/mtcnn/graphs/pnet.onnx",
    "ferkit_recipes/quickstart.toml",
    "ferkit_recipes/measured/*.toml",
    "ferkit_recipes/splits/*.toml",
    "ferkit_recipes/tables/*.toml",
    "ferkit_recipes/manifests/*.csv",
    "ferkit_recipes/templates/*.toml",
    "*.dist-info/licenses/LICENSE",
    "*.dist-info/entry_points.txt",
)
"""Patterns; a wheel has a file of each, whatever the checkout has."""
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff")
IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".mp4", ".npy", ".npz", ".png", ".tif", ".tiff", ".webp")
FOLDERS = {"tests", "runs", ".venv", ".venv-dist"}
"""At the top of the checkout; no archive has them."""


def tracked() -> set[str]:
    """The files of the three folders in the checkout that git tracks or would track."""
    folders = ("ferkit", "plugins", "recipes")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = {line for line in lines if (ROOT / line).is_file()}
    return {file for file in files if not PurePosixPath(file).match("plugins/*/README.md")}


def installed_as(file: str) -> str:
    """recipes/x -> ferkit_recipes/x, plugins/ferkit_heads/x -> ferkit_heads/x."""
    if file.startswith("recipes/"):
        return f"ferkit_{file}"
    return file.removeprefix("plugins/")


def forbidden(names: set[str]) -> set[str]:
    """The files in FOLDERS, and images: no image of a face may be published."""
    return {one for one in names if one.lower().endswith(IMAGES) or one.partition("/")[0] in FOLDERS}


def check_wheel(names: set[str]) -> list[str]:
    """names: the files of a wheel."""
    own = {name for name in names if ".dist-info/" not in name}
    expected = {installed_as(file) for file in tracked()}
    absent = {pattern for pattern in REQUIRED if not any(fnmatch(name, pattern) for name in names)}
    return [
        *(f"wheel lacks {name}" for name in sorted((expected - own) | absent)),
        *(f"wheel has {name}, which is not tracked" for name in sorted(own - expected)),
        *(f"wheel has {name}, which may not be published" for name in sorted(forbidden(names))),
    ]


def check_sdist(names: set[str]) -> list[str]:
    """names: the files of an sdist, without its top folder."""
    return [
        *(f"sdist lacks {name}" for name in sorted((tracked() | set(SOURCES)) - names)),
        *(f"sdist has {name}, which may not be published" for name in sorted(forbidden(names))),
    ]


def check_version(wheel: str) -> list[str]:
    """wheel: its file name, ferkit-<version>-py3-none-any.whl."""
    version = wheel.split("-")[1]
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    return [] if f"version: {version}" in lines else [f"CITATION.cff lacks the line 'version: {version}'"]


def only(folder: Path, pattern: str) -> Path:
    """The one file of a pattern in a folder."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise SystemExit(f"Cannot check {folder}: expected one {pattern}, got {len(found)}.")
    return found[0]


def main(folder: Path) -> None:
    """Check both archives in a folder."""
    file = only(folder, "*.whl")
    with zipfile.ZipFile(file) as archive:
        wheel = {name for name in archive.namelist() if not name.endswith("/")}
    with tarfile.open(only(folder, "*.tar.gz")) as packed:
        sdist = {one.name.partition("/")[2] for one in packed.getmembers() if one.isfile()}
    if problems := check_wheel(wheel) + check_sdist(sdist) + check_version(file.name):
        raise SystemExit("\n".join(problems))
    print(f"{folder}: the wheel has {len(wheel)} files and the sdist {len(sdist)}, as expected")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
