"""The reference of the commands, from the command line."""

from __future__ import annotations

import enum
import inspect
import os
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from docs.hooks.tables import code, plain, table
from ferkit.cli import app

FOLDER = "docs/site/reference"
WORDS = {str: "a string", int: "a whole number", float: "a number", Path: "a path"}

INTRODUCTION = """\
# Commands

This page has the output of `ferkit --help` and of `ferkit COMMAND --help`. `ferkit --install-completion`
installs completion for the current shell.

| exit status | meaning |
|---|---|
| 0 | success |
| 1 | an error |
| 2 | problems in a recipe or an option |
| 3 | `audit`, `data verify`, `predict`: findings, or inputs that failed (see each command) |
| 130 | interrupted |
"""


def command_reference() -> str:
    """Every command with its arguments and options."""
    parts = [INTRODUCTION]
    for words, command in commands():
        parts += [f"## {' '.join(('ferkit', *words))}", *_described(words, command)]
    return "\n\n".join(parts)


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words after `ferkit` and the command. A group is a command only if it runs without one."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", {})
    if not inner or not words or command.invoke_without_command:
        yield words, command
    for name, one in inner.items():
        yield from commands(one, (*words, name))


def _described(words: tuple[str, ...], command: Any) -> Iterator[str]:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    yield "\n\n".join(_paragraph(part) for part in paragraphs)
    yield f"```text\n{usage(words, command)}\n```"
    hints = inspect.get_annotations(command.callback, eval_str=True)
    rows = [_row(one, hints.get(one.name, bool)) for one in command.params]
    if rows:
        yield table(("argument or option", "takes", "default", "description"), rows)


def _paragraph(text: str) -> str:
    """Format an example as code, and the path of a page as a link."""
    title, _, rest = text.partition(": ")
    if title == "Example":
        return f"Example: `{' '.join(rest.split())}`"
    if title == "Docs":
        return f"Docs: [{rest}]({os.path.relpath(rest, FOLDER)})"
    return plain(text)


def usage(words: tuple[str, ...], command: Any) -> str:
    shown = []
    for one in command.params:
        if not _is_option(one):
            name = one.name.upper() + ("..." if one.nargs == -1 else "")
            shown.append(name if one.required else f"[{name}]")
    options = ["[OPTIONS]"] if any(_is_option(one) for one in command.params) else []
    return " ".join(["ferkit", *words, *shown, *options])


def _is_option(parameter: Any) -> bool:
    return any(name.startswith("-") for name in parameter.opts)


def _row(parameter: Any, annotation: Any) -> tuple[str, str, str, str]:
    name = ", ".join(parameter.opts) if _is_option(parameter) else parameter.name.upper()
    help_text, _, stated = (parameter.help or "").partition("[default:")
    default = stated.rstrip("] ").strip() if stated else _default(parameter)
    return code(name), _takes(parameter, annotation), default, plain(help_text)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default() if callable(parameter.default) else parameter.default
    if value in (None, False, (), []):
        return ""
    return code(str(value.value if isinstance(value, enum.Enum) else value))


def _takes(parameter: Any, annotation: Any) -> str:
    """Describe the value of an option; an option without one is a flag."""
    base = typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation
    members = [one for one in typing.get_args(base) if one is not type(None)]
    if typing.get_origin(base) is not list and members:
        base = members[0]
    is_list = typing.get_origin(base) is list
    base = typing.get_args(base)[0] if is_list else base
    if base is bool:
        return "a flag"
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return "one of " + ", ".join(code(one.value) for one in base)
    words = code(parameter.metavar) if parameter.metavar else WORDS[base]
    limits = [f"{word} {getattr(parameter, key):g}" for key, word in LIMITS.items() if _has(parameter, key)]
    return ", ".join([words, *limits, *(["more than once"] if is_list else [])])


LIMITS = {"min": "from", "max": "to"}


def _has(parameter: Any, limit: str) -> bool:
    return getattr(parameter, limit, None) is not None
