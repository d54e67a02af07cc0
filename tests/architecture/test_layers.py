"""The order of the rooms: imports run downward only, lazy ones inside functions included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]

ORDER: Sequence[Sequence[str]] = (
    ("cli",),
    ("bench",),
    ("api", "metrics"),
    ("experiment", "assess", "serve"),
    ("audit", "predict", "report", "testing"),  # rooms of a line do not import each other
    ("plugin",),
    ("recipe",),
    ("evaluation",),
    ("neural",),
    ("data",),
    ("components",),
    ("runtime",),
    ("interfaces",),
    ("messages",),
    ("errors",),
    ("version",),
)
"""From the top down. docs/architecture.md says what each room is for."""

RANK = {room: -place for place, rooms in enumerate(ORDER) for room in rooms}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of ferkit in a file, `from ferkit import x` as ferkit.x."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "ferkit":
            names = [f"ferkit.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.startswith("ferkit."))


def upward(folder: Path) -> list[str]:
    """Each import of a room that is not below the importing one."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        own = path.relative_to(folder).parts[0].removesuffix(".py")
        if own in ("__init__", "__main__"):
            continue
        for line, name in imports(path):
            room = name.split(".")[1]
            if room != own and RANK[room] >= RANK[own]:
                found.append(f"{path.relative_to(folder)}:{line}: {own} imports {name}")
    return found


def test_every_room_has_its_place_in_the_order() -> None:
    there = {path.stem for path in (ROOT / "ferkit").iterdir() if path.suffix in ("", ".py")}
    assert there - {"__init__", "__main__", "__pycache__", "models", "py"} == set(RANK)


def test_no_room_imports_one_that_is_not_below_it() -> None:
    assert upward(ROOT / "ferkit") == []


def test_an_upward_import_is_found_even_inside_a_function(tmp_path: Path) -> None:
    room = tmp_path / "data"
    room.mkdir()
    (room / "faces.py").write_text("def find():\n    from ferkit.recipe.schema import Recipe\n")
    assert upward(tmp_path) == [
        "faces.py:2: data imports ferkit.recipe.schema".replace("faces", "data/faces")
    ]


def test_every_package_says_what_it_is_for_in_one_line() -> None:
    packages = sorted((ROOT / "ferkit").rglob("__init__.py"))
    docs = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in packages}
    assert [str(path) for path, doc in docs.items() if not doc or len(doc.splitlines()[0]) > 110] == []


def test_files_and_functions_stay_small() -> None:
    """At most 300 lines a file and 40 a function, its docstring not counted."""
    large = []
    for folder in ("ferkit", "plugins", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if text.count("\n") > 300:
                large.append(f"{path}: {text.count(chr(10))} lines")
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef):
                    doc = ast.get_docstring(node, clean=False)
                    lines = (node.end_lineno or 0) - node.lineno + 1 - (doc.count("\n") + 1 if doc else 0)
                    if lines > 40:
                        large.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    assert large == []
