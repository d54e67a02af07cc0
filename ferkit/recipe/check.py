"""Check a recipe's components, files and folders."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.components.build import build
from ferkit.components.contract import check_problems
from ferkit.components.options import check_options, without_weights
from ferkit.components.part import Part
from ferkit.components.provider import is_named
from ferkit.components.registry import Registry, UnknownComponent
from ferkit.components.tracebacks import describe
from ferkit.errors import DataError, FerkitError, Problem
from ferkit.evaluation.protocol_options import Protocol
from ferkit.neural.options import Known, Model
from ferkit.recipe.grid import SEARCHED, grid_problems, variants
from ferkit.recipe.overrides import put
from ferkit.recipe.parse import VARIABLE, parse, touches
from ferkit.recipe.parts import NETWORK_SECTIONS, OPTIMIZER_KEYS, datasets_in, slots, uses_network
from ferkit.recipe.schema import Recipe
from ferkit.recipe.search_options import search_problems
from ferkit.recipe.track_options import track_problems
from ferkit.runtime.hub_reference import describe_file, is_absent

if TYPE_CHECKING:
    from ferkit.data.split_file import Split


def check_components(table: Mapping[str, Any], registry: Registry) -> list[Problem]:
    """Return all problems of the components of a recipe: names, options, folders of data."""
    used = slots(table, registry)
    return [problem for kind, key, part in used for problem in _check_part(registry, kind, key, part)]


def _check_part(registry: Registry, kind: str, key: str, part: dict[str, Any]) -> list[Problem]:
    options = {name: value for name, value in part.items() if name != "name"}
    if unknown := registry.find_unknown(kind, part["name"], f"{key}.name"):
        return unknown
    others = OPTIMIZER_KEYS if kind == "optimizer" else ()
    found = check_options(registry.get(kind, part["name"]), options, registry, key, others)
    datasets = [] if found else datasets_in(registry, kind, key, Part(**part))
    return [*found, *(problem for where, one in datasets for problem in check_dataset(registry, one, where))]


def check_dataset(registry: Registry, part: Part, key: str) -> list[Problem]:
    """Build a dataset, which is cheap, and return the problems of its options and folders."""
    try:
        found = build(registry, "dataset", part).problems()
        return [Problem(key, one) for one in check_problems(found, registry.get("dataset", part.name))]
    except (FerkitError, OSError) as error:
        return [Problem(key, str(error))]
    except Exception as error:
        component = registry.get("dataset", part.name)
        message = f"{component} failed to look for its data: {describe(error, component.target)}"
        return [Problem(key, message, component.hint)]


DEFAULT_SIDE: int = Model().image_size


def all_slots(table: dict[str, Any], registry: Registry) -> Iterator[tuple[str, str, Part]]:
    """Yield (kind, key, part) of each component, including those of the grid."""
    tables = [table]
    for settings in variants(table):
        changed = copy.deepcopy(table)
        for key, value in settings.items():
            put(changed, key, value)
        tables.append(changed)
    for one in tables:
        for kind, key, part in slots(one, registry):
            yield kind, key, Part(**part)


def validate(table: dict[str, Any], registry: Registry) -> tuple[Recipe | None, list[Problem]]:
    """Return the recipe of the keys that fit the schema, if any, and all problems."""
    recipe, problems = parse(table)
    problems += check_components(table, registry)
    if isinstance(augment := table.get("augment"), list) and augment:
        from ferkit.neural.augment_checks import check_augmentations

        side = recipe.model.image_size if recipe else DEFAULT_SIDE
        problems += check_augmentations(augment, side, registry)
    if recipe:
        problems += _check_alignment(recipe, registry, [problem.where for problem in problems])
        if any(section in table for section in ("estimator", *NETWORK_SECTIONS)):  # the default network works
            from ferkit.recipe.dry_run import try_network

            problems += try_network(recipe, registry, known=problems)
        problems += check_files(recipe, [problem.where for problem in problems])
    return recipe, problems


def _check_alignment(recipe: Recipe, registry: Registry, faulty: Sequence[str]) -> list[Problem]:
    if recipe.faces.align == "none" or touches("detector", faulty):
        return []
    from ferkit.data.faces import alignment_problem

    problem = alignment_problem(registry.get("detector", recipe.detector.name), recipe.faces, registry)
    return [problem] if problem else []


def check_candidates(table: dict[str, Any], registry: Registry, known: Collection[Problem]) -> list[Problem]:
    """Return the problems that only recipes of the grid or search have, if the section itself has none."""
    section = "grid" if "grid" in table else "search"
    if not isinstance(table.get("grid", {}), dict):
        return []  # the schema reports it
    if grid_problems(table.get("grid")) or search_problems(table, SEARCHED):
        return []
    problems: list[Problem] = []
    for settings in variants(table):
        changed = copy.deepcopy({key: value for key, value in table.items() if key != section})
        words = ", ".join(f"{key} = {value}" for key, value in settings.items())
        try:
            for key, value in settings.items():
                put(changed, key, value)
        except ValueError as error:
            return [Problem(section, f"{words}: {error}")]
        _, found = validate(changed, registry)
        problems += [
            replace(problem, where=f"{problem.where} ({section}: {words})")
            for problem in found
            if problem not in known
        ]
    return problems


def check_files(recipe: Recipe, faulty: Sequence[str] = ()) -> list[Problem]:
    """Return the problems of the lists and the network that a recipe names.

    Args:
        recipe: The recipe.
        faulty: Keys that have problems already.
    """
    problems = [*track_problems(recipe.track)]
    initial = recipe.model.initial
    if initial and not is_absent(initial) and not initial.is_file():
        problems.append(_missing_initial(initial))
    if recipe.model.initial_part and not initial:
        problem = "it selects a part of model.initial, which is not set"
        problems.append(Problem("model.initial_part", problem, "Set model.initial, or remove this key."))
    if split := getattr(recipe.protocol, "split", None):
        from ferkit.data.split_file import read_split

        try:
            found = read_split(split)
            if not any(where.startswith("protocol.") for where in faulty):
                problems += _check_split(recipe.protocol, found)
        except DataError as error:
            problems.append(Problem("protocol.split", str(error)))
    if recipe.manifest:
        from ferkit.data.manifest import read_manifest

        try:
            read_manifest(recipe.manifest.file)
        except DataError as error:
            problems.append(Problem("manifest.file", str(error)))
    return problems


def _missing_initial(path: Path) -> Problem:
    """Return the problem of a `model.initial` that is no file. For a run folder, it names its networks."""
    if not path.is_dir():
        hint = "Use the model.safetensors of a run (in its folder folds/), or remove model.initial."
        return Problem("model.initial", f"there is no file {path}", hint)
    from ferkit.evaluation.run_files import network_files

    problem = f"expected the file of a network, but {path} is a folder"
    runs = [path, *sorted(recipe.parent for recipe in path.glob("*/recipe.toml"))]  # one for each protocol
    networks = [file for run in runs for file in network_files(run)]
    if not networks:
        return Problem("model.initial", f"{problem} without one", "Use the model.safetensors of a run.")
    others = f", or another of its {len(networks)} networks" if len(networks) > 1 else ""
    return Problem("model.initial", problem, f"Use {networks[0]}{others}.")


def normalize_warnings(recipe: Recipe, registry: Registry) -> list[str]:
    """Return a warning if the images are normalised otherwise than the initial weights were trained with."""
    if not uses_network(recipe, registry) or (recipe.model.initial and is_absent(recipe.model.initial)):
        return []
    from ferkit.neural.init_from import stored_normalize
    from ferkit.neural.preprocessing import describe_normalize, is_same_normalize

    model = recipe.model
    ours, who = model.normalize, f"model.initial ({describe_file(model.initial) if model.initial else ''})"
    theirs = stored_normalize(model.initial) if model.initial else None
    if ours == "pretrained":
        if theirs or not model.initial:
            return []
        return [f"{who} does not record its normalisation. The backbone's is used. Check model.normalize."]
    if not model.initial:
        who, theirs = f"the weights of the backbone {model.backbone.name}", _trained_with(model, registry)
    if theirs is None or is_same_normalize(ours, theirs):
        return []
    return [
        f"model.normalize is {describe_normalize(ours)}, but {who} were trained with "
        f'{describe_normalize(theirs)}. Remove model.normalize, or set it to "pretrained".'
    ]


def _trained_with(model: Model, registry: Registry) -> Known | None:
    """Return the normalisation of the backbone's weights; None if they are random, or it is unknown."""
    import torch

    from ferkit.neural.build import part_without_pretrained
    from ferkit.neural.preprocessing import settle_normalize

    none = without_weights(registry.get("backbone", model.backbone.name))
    given = model.backbone.options
    if none and all(given.get(name) == value for name, value in none.items()):
        return None
    part = part_without_pretrained("backbone", model.backbone, registry)
    try:
        with torch.device("meta"):
            backbone = build(registry, "backbone", part)
    except Exception:
        return None  # the dry run reports the error, unless only the meta device causes it
    has_both = all(getattr(backbone, name, None) is not None for name in ("mean", "std"))
    return settle_normalize("pretrained", backbone) if has_both else None


def _check_split(protocol: Protocol, split: Split) -> list[Problem]:
    """Return the keys of a recipe that contradict its split file."""
    said = {"folds": getattr(protocol, "folds", None), "by": getattr(protocol, "by", None)}
    listed = {"folds": len(split.folds), "by": split.by}
    return [
        Problem(
            f"protocol.{key}",
            f"is {said[key]!r}, but the split {split.source} has {listed[key]!r}",
            f"Use {listed[key]!r}, or another split.",
        )
        for key in said
        if said[key] not in (None, listed[key])
    ]


def comes_of_a_variable(problem: Problem) -> bool:
    """Return True if an unset or empty variable, which is reported already, causes a problem.

    A problem with further lines, such as how to get the data, is reported too.
    """
    has_unset = not all(os.environ.get(name) for name in VARIABLE.findall(problem.message))
    return has_unset and "\n" not in problem.message


def blame_plugins(problems: Sequence[Problem], registry: Registry) -> list[Problem]:
    """Report a broken plugin once, instead of each component that it may have provided.

    If the recipe names broken plugins, they may have provided every unknown component. Otherwise any broken
    plugin may have provided those without a similar name.
    """
    named = [broken for broken in registry.broken if is_named(broken.provider)]
    unknown = [one for one in problems if isinstance(one, UnknownComponent)]
    lost = [one for one in unknown if named or not one.meant]
    if not named and (len(lost) < 2 or not registry.broken):
        return list(problems)
    words = (f"{one.component}" + (f" (or {one.meant!r}?)" if one.meant else "") for one in lost)
    ending = f"\nUnknown without it: {', '.join(dict.fromkeys(words))}" if lost else ""
    return [
        *(one for one in problems if one not in lost),
        *(
            Problem("plugins", f"{broken.provider}: {broken.problem}{ending}", broken.hint)
            for broken in named or registry.broken
        ),
    ]
