"""The problems of a transform's options, in the order in which a provider looks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferkit_augmentations.bounds import find_too_large, is_usual
from ferkit_augmentations.names import complete_options, find_improbable, find_missing, find_unknown
from ferkit_augmentations.trial import try_apart


def find_problems(
    provider: Any,
    library: str,
    known: Mapping[str, Any],
    side: int,
    options: Mapping[str, Any],
    find_more: Callable[[], Mapping[str, str]],
) -> Mapping[str, str]:
    """Return the problems by option: names, values, then an attempt to build and call the transform.

    Args:
        provider: The component, built with `side` and the options.
        library: Name of the library in messages.
        known: Its transforms by name.
        side: Width and height of the images, in pixels.
        options: All options, with `transform`.
        find_more: Finds problems of this library only. Called if all names are right.
    """
    given = {name: value for name, value in options.items() if name != "transform"}
    transform = options["transform"]
    found: Mapping[str, str] = find_unknown(library, transform, known, given)
    if found := found or find_improbable(given) or find_too_large(given, side):
        return found
    kind = known[transform]
    if found := find_missing(transform, kind, complete_options(kind, given, side)) or find_more():
        return found
    try:
        provider(side, **options)
    except Exception as error:
        return {"": f"{transform} failed with these options: {error}"}
    return {} if is_usual(kind, given, side) else try_apart(provider, side, dict(options))
