"""Words for protocols that run side by side, as in `ferkit run --protocols paper,clip,movie`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.data.groups import group_kinds
from ferkit.data.split_file import read_split
from ferkit.errors import DataError
from ferkit.evaluation.protocol_options import NEAR_DUPLICATES, UNGROUPED, NestedProtocol, Protocol
from ferkit.interfaces import Sample
from ferkit.messages import suggest
from ferkit.runtime.shipped import shipped_files

RECIPE, PAPER, RANDOM, NESTED, NEAR = "recipe", "paper", "random", "nested", "near"
KEPT = ("repeats", "seed", "folds", "new_folds")
"""Keys of [protocol] that all words take from the recipe."""
CHOICE = ("inner_folds", "choose_by")
"""Keys of [protocol] that nested words take from the recipe."""


def protocol_tables(
    words: Sequence[str], protocol: Protocol, samples: Sequence[Sample], manifest: str | None = None
) -> dict[str, dict[str, Any] | None]:
    """Return the section [protocol] of each word, None for that of the recipe.

    Args:
        words: `recipe`, `paper`, `random`, `near`, a kind of group such as `movie`, `nested`, or one of the
            last three after `nested-`.
        protocol: The protocol of the recipe. Repeats, seed and number of folds are taken from it. If it is
            nested, so are the protocols of `random`, `near` and the kinds of group.
        samples: The images.
        manifest: Name of the recipe's manifest. A bundled split with the name of the manifest, the kind and
            the number of folds, such as sfew675_movie2, sets the folds.

    Raises:
        DataError: A word is unknown, or given twice. The message lists the valid words.
    """
    kinds = group_kinds(samples)
    groupings = (RANDOM, *kinds, NEAR)
    known = (RECIPE, PAPER, *groupings, NESTED, *(f"{NESTED}-{one}" for one in groupings))
    for word in words:
        if word not in known:
            hint = f"{suggest(word, known)} Groups are those of the data."
            raise DataError(f"Cannot choose the protocols: {word!r} is no protocol of these data. {hint}")
        if words.count(word) > 1:
            raise DataError(f"Cannot choose the protocols: {word!r} is given twice. Remove one.")
    return {word: None if word == RECIPE else _table(word, protocol, kinds, manifest) for word in words}


def _table(
    word: str, protocol: Protocol, kinds: Sequence[str], manifest: str | None
) -> dict[str, Any] | None:
    """Return the table of a word; None if it is the recipe's own protocol."""
    if protocol.name == PAPER and word in (PAPER, RANDOM):
        return None
    stated = protocol.model_dump(exclude_unset=True)
    kept = {key: stated[key] for key in KEPT if key in stated}
    if word == PAPER:
        return {"name": PAPER, **kept}
    is_nested = word.startswith(NESTED) or isinstance(protocol, NestedProtocol)
    grouping = word.removeprefix(NESTED).removeprefix("-") or (kinds[0] if kinds else RANDOM)
    if is_nested:
        kept |= _choice(stated, protocol)
    if grouping == RANDOM:
        return {**kept, "by": UNGROUPED} if is_nested else {"name": PAPER, **kept}
    if not is_nested:
        kept["name"] = "grouped"
    return {**kept, **_grouped(grouping, protocol, manifest)}


def _choice(stated: Mapping[str, Any], protocol: Protocol) -> dict[str, Any]:
    """Return the keys of a nested protocol. Without a name, it adapts to few images, as in a recipe."""
    found = {key: stated[key] for key in CHOICE if key in stated}
    is_default = isinstance(protocol, NestedProtocol) and "name" not in stated
    return found if is_default else {"name": NESTED, **found}


def _grouped(kind: str, protocol: Protocol, manifest: str | None) -> dict[str, Any]:
    """Return the split of the recipe or its manifest, if it has this kind of group, or else the kind."""
    if kind == NEAR:
        return {"by": NEAR_DUPLICATES}
    own, bundled = getattr(protocol, "split", None), f"{manifest}_{kind}{getattr(protocol, 'folds', 2)}"
    if own and read_split(own).by == kind:
        return {"split": own}
    return {"split": bundled} if bundled in shipped_files("splits") else {"by": kind}
