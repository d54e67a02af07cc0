"""A .pt2 file that torch can load without running code from it.

torch.export.load unpickles sample inputs and objects without limits, evaluates the expressions of symbolic
sizes and executes guards. A file that ferkit exported needs none of that. So each member is checked against
what an inert program may hold, and torch reads a new archive with the checked members only.
"""

from __future__ import annotations

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ferkit.errors import RunError
from ferkit.messages import shorten

LARGEST_TEXT = 64 << 20
"""Bytes of a JSON member."""
NAME = re.compile(r"[\w.+\-]{0,300}", re.ASCII)
OPERATOR = re.compile(
    r"torch\.ops\.aten\.\w+(\.\w+)?|_operator\.(add|sub|mul|floordiv|mod|getitem|eq|ge|gt|le|lt)"
)
WRITING = re.compile(r"torch\.ops\.aten\.(from_file|save|load|open|.*print|.*warn)\b.*")
"""Operators that use files or the terminal."""
WORDS = ("none", "tanh", "same", "valid", "constant", "reflect", "replicate", "circular", "floor", "trunc")
"""Values of an operator's arguments of text."""
SYMBOLS = re.compile(
    r"[su]\d+|Symbol|Integer|Add|Mul|Mod|FloorDiv|CleanDiv|Max|Min|positive|nonnegative|integer|True|False"
)
EXPRESSION = re.compile(r"(\w|[ ()+\-/,=']|\*(?!\*)){0,300}", re.ASCII)
RAW = re.compile(r"(weight|tensor)_\d+")
SHORT = ("archive_format", "archive_version", "byteorder", "version", "serialization_id")
PICKLED = b"PK\x03\x04"
"""Start of what torch.save writes."""
CONTAINERS = ("builtins.tuple", "builtins.list", "builtins.dict", None)


class Unsafe(Exception):  # noqa: N818  never leaves this module
    """The program holds something that is not needed and may run code."""


def inert_program(file: Path) -> io.BytesIO:
    """Copy a .pt2 file in memory, without anything that could run code when torch loads it.

    Raises:
        RunError: The file is no .pt2, or needs more than tensors and torch's own operators.
    """
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(file) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as made:
            _check_sizes(archive, file.stat().st_size)
            for name in archive.namelist():
                made.writestr(name, _checked(name, archive.read(name)))
    except Unsafe as error:
        raise RunError(
            f"Cannot load {file}: {error}. Loading it could run code. Export the run again, as .onnx or "
            ".safetensors. If you know the file, allow it: --trust-plugins (Python: trust_plugins=True)."
        ) from error
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, RecursionError, NotImplementedError) as error:
        raise RunError(f"Cannot load {file}: it is no whole program that torch.export wrote.") from error
    copy.seek(0)
    return copy


def load_program(file: Path, key: str, trust: bool) -> tuple[Any, str | bytes]:
    """Load a .pt2 file, without what could run code unless it is trusted.

    Args:
        file: The file.
        key: Name of the member with its description.
        trust: Load the file as it is.

    Returns:
        The `torch.export.ExportedProgram` and the text of the description, "" if there is none.

    Raises:
        RunError: It is no program, or could run code.
    """
    import torch

    files: dict[str, str | bytes] = {key: ""}
    source = file if trust else inert_program(file)
    with _log_of_torch() as logged:
        try:
            program = torch.export.load(source, extra_files=files)
        except Exception as error:
            reason = shorten(next(iter(logged), error), 200)
            raise RunError(
                f"Cannot load {file}: it is no program that torch.export wrote: {reason}. Export the run "
                "again."
            ) from error
    return program, files[key]


@contextmanager
def _log_of_torch() -> Iterator[list[BaseException]]:
    """Collect the errors that torch.export logs, with a traceback, before it raises another one."""
    errors: list[BaseException] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            errors.append(record.exc_info[1])
        return False

    log = logging.getLogger("torch.export")
    log.addFilter(keep)
    try:
        yield errors
    finally:
        log.removeFilter(keep)


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    """Raises Unsafe if the members are compressed, overlap or share a name, as those of torch never do."""
    members = archive.infolist()
    if any(one.compress_type != zipfile.ZIP_STORED for one in members):
        raise Unsafe("it is compressed")
    if sum(one.file_size for one in members) > size or len({one.filename for one in members}) < len(members):
        raise Unsafe("its members overlap")


def _checked(name: str, content: bytes) -> bytes:
    """The member as torch may read it. Raises Unsafe, ValueError."""
    path = PurePosixPath(name)
    if "extra" in path.parts and path.name == "ferkit":
        return content
    if content.startswith(PICKLED) or path.suffix == ".pt":
        return _tensors_only(name, content)
    if path.suffix == ".json":
        if len(content) > LARGEST_TEXT:
            raise Unsafe(f"{path.name} is too large")
        return json.dumps(_inert(json.loads(content))).encode()
    if RAW.fullmatch(path.name) and not content:
        raise ValueError(f"{path.name} is empty")  # torch would take zeros for it
    if RAW.fullmatch(path.name) or (path.name in SHORT and len(content) <= 100):
        return content
    raise Unsafe(f"it holds {name[:80]!r}, which ferkit does not write")


def _tensors_only(name: str, content: bytes) -> bytes:
    import torch

    try:
        torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise Unsafe(f"{name[:80]!r} holds more than tensors") from error
    return content


def _inert(value: Any, key: str = "") -> Any:
    """The JSON without remarks on where a node comes from. Raises Unsafe."""
    if isinstance(value, dict):
        if wrong := next((one for one in value if not NAME.fullmatch(one)), None):
            raise Unsafe(f"the name {wrong[:80]!r} is not allowed")
        return {name: {} if name == "metadata" else _inert(one, name) for name, one in value.items()}
    if isinstance(value, list):
        if key == "guards_code" and value:
            raise Unsafe("it has guards, which are code")
        return [_inert(one, key) for one in value]
    if key == "use_pickle" and value:
        raise Unsafe("it has pickled weights")
    if isinstance(value, str) and not _is_harmless(key, value):
        raise Unsafe(f"{key[:80]} is {value[:80]!r}")
    return value


def _is_harmless(key: str, text: str) -> bool:
    if key in ("target", "as_operator"):
        return bool(OPERATOR.fullmatch(text)) and not WRITING.fullmatch(text)
    if key in ("in_spec", "out_spec"):
        return not text or _is_plain(json.loads(text))
    if key == "expr_str":
        names = re.findall(r"[A-Za-z_]\w*", text)
        return all(map(SYMBOLS.fullmatch, names)) and bool(EXPRESSION.fullmatch(text))
    if key in ("as_string", "as_strings"):
        return text in WORDS
    return bool(NAME.fullmatch(text))


def _is_plain(spec: Any) -> bool:
    """Return true if a description of nested arguments has tuples, lists and dictionaries only."""
    if isinstance(spec, list):
        return all(isinstance(one, int) or _is_plain(one) for one in spec)
    if not isinstance(spec, dict) or spec.get("type") not in CONTAINERS:
        return False
    return spec.get("context") in (None, "null", "[]") and _is_plain(spec.get("children_spec", []))
