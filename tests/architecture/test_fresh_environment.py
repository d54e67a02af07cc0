"""Plugins as strangers have them: distributions of their own, installed into a fresh environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from PIL import Image

from ferkit.components.component import KINDS
from ferkit.testing import draw_face
from ferkit.testing.scaffold import write_package

pytestmark = pytest.mark.slow
# Written by somebody who had seen the documentation alone.
STRANGER = Path(__file__).parents[1] / "third_party" / "ferkit-nws"
TRICKS = STRANGER.with_name("ferkit-sharpen")
EXPRESSIONS = ("anger", "happiness", "neutral", "sadness")


class Environment:
    """A virtual environment that sees what this one has installed, and has the plugins beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False)
        self.python = folder / "venv" / "bin" / "python"
        base = sysconfig.get_path("purelib")
        query = "import sysconfig; print(sysconfig.get_path('purelib'))"
        own = Path(self.run("-c", query).strip())
        (own / "base.pth").write_text(f"import site; site.addsitedir({base!r})\n")

    def run(self, *arguments: str, **variables: str) -> str:
        """What Python says. Fails the test where it ends otherwise than with 0."""
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, *projects: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        named = [word for project in projects for word in ("--editable", str(project))]
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
        done = subprocess.run([*pip, *offline, *named], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With a new plugin of every kind, and two of strangers."""
    folder = tmp_path_factory.mktemp("fresh")
    new = [write_package(f"new_{kind}", kind, folder) for kind in KINDS]
    environment = Environment(folder)
    environment.install(*new, *(copy_package(one, folder) for one in (STRANGER, TRICKS)))
    return environment


def copy_package(source: Path, folder: Path) -> Path:
    package = folder / source.name
    for path in source.rglob("*"):
        if (path.is_file() and path.suffix in (".py", ".toml", ".md")) or path.name == "LICENSE":
            copy = package / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return package


def test_a_new_plugin_of_every_kind_is_listed(environment: Environment) -> None:
    listed = [line.split() for line in environment.run("-m", "ferkit", "plugins").splitlines()]
    for kind in KINDS:
        (row,) = [line for line in listed if line[:2] == [kind, f"new_{kind}"]]
        assert row[-3:] == [f"ferkit_new_{kind}", f"(ferkit-new-{kind.replace('_', '-')}", "0.1.0)"]
    assert not [line for line in listed if line[:1] == ["broken:"]]


def test_the_tests_of_every_new_plugin_pass_at_once(environment: Environment) -> None:
    folders = [f"ferkit-new-{kind}" for kind in KINDS]
    options = ["-q", "-W", "error", "--import-mode=importlib", "-p", "no:cacheprovider", "-rA"]
    told = environment.run("-m", "pytest", *options, *folders)
    for kind in KINDS:
        assert f"[ferkit_new_{kind}.imports_nothing_heavy]\n" in told
        assert f"[{kind}.new_{kind}.has_a_summary]\n" in told


@pytest.mark.parametrize("package", [STRANGER.name, TRICKS.name])
def test_a_strangers_plugin_passes_its_own_tests(environment: Environment, package: str) -> None:
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", package]
    assert " passed" in environment.run("-m", "pytest", *options)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn faces of two people, and what three raters see in each: two are right, one says surprise."""
    folder = tmp_path_factory.mktemp("rated")
    lines = ["file,person,rater,expression"]
    for person, start in (("KA", 0), ("YM", 5)):
        for label in EXPRESSIONS:
            for number in range(start, start + 3):
                name = f"{person}_{label}_{number}.png"
                Image.fromarray(draw_face(label, number)).save(folder / name)
                lines += [f"{name},{person},{rater},{label}" for rater in "ab"]
                lines.append(f"{name},{person},c,surprised")
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_strangers_plugin_passes_the_command_line_check(environment: Environment, images: Path) -> None:
    setting = f"dataset.pairs_csv.root={images}"
    told = environment.run("-m", "ferkit", "plugins", "check", STRANGER.name, "--set", setting, "--brief")
    assert "failed" not in told.splitlines()[-1]
    assert f"{STRANGER.name}: " in told.splitlines()[-1]


def test_a_strangers_data_set_head_and_loss_train_through_a_recipe(
    environment: Environment, images: Path
) -> None:
    recipe = [f"{STRANGER.name}/recipe.toml", "--set", f"data.root={images}"]
    environment.run("-m", "ferkit", "run", *recipe, FERKIT_CACHE=str(environment.folder))
    (report,) = environment.folder.glob("runs/*/report.html")
    assert "stranger" in report.read_text(encoding="utf-8")


def test_a_strangers_augmentation_optimizer_and_callback_train_through_a_recipe(
    environment: Environment,
) -> None:
    told = environment.run("-m", "ferkit", "plugins", "check", TRICKS.name, "--brief")
    assert "failed" not in told.splitlines()[-1]
    recipe, cache = f"{TRICKS.name}/recipe.toml", str(environment.folder / "cache")
    environment.run(
        "-m", "ferkit", "run", recipe, "--out", "tricks", FERKIT_CACHE=cache, XDG_CACHE_HOME=cache
    )
    assert "sharpened" in (environment.folder / "tricks" / "report.html").read_text(encoding="utf-8")
