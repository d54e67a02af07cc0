"""Demonstrate any recipe on generated faces in a few minutes, without its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferkit.components.option_types import nested_kind
from ferkit.components.options import option_parameters, weights_options, without_weights
from ferkit.components.registry import Registry
from ferkit.components.weights.catalogue import is_present
from ferkit.errors import ComponentError
from ferkit.neural.options import Model
from ferkit.recipe.parts import table_uses_network
from ferkit.runtime.shipped import read_template


def cut_down(warnings: list[str]) -> Callable[[dict[str, Any], Registry], dict[str, Any]]:
    """Return a function that changes a recipe: generated faces, few epochs, and only cached weights.

    Args:
        warnings: Warnings for the reader of the results are appended to this list.
    """
    template = read_template("demo")
    most = template["fit"]["epochs"]

    def change(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
        warnings.append(
            "This is a demonstration on generated faces, reduced to a few minutes. Its scores mean nothing "
            "about real faces, or about the recipe on its own data."
        )
        model, fit, protocol = (table.get(key, {}) for key in ("model", "fit", "protocol"))
        changed = {
            **table,
            # Also in the resolved recipe, where the warning stays.
            "description": f"Demonstration on generated faces. {table.get('description', '')}".strip(),
            "data": dict(template["data"]),
        }
        if isinstance(name := table.get("name"), str):
            changed["name"] = f"{name}-demo"
        # Malformed values stay unchanged: the checks report them.
        if isinstance(estimator := table.get("estimator"), dict):
            changed["estimator"] = _estimator_on_drawn_faces(estimator, registry, template)
        if not table_uses_network(table, registry):
            model = fit = None
        if isinstance(model, dict):
            backbone = model.get("backbone", {"name": Model().backbone.name})
            if isinstance(backbone, dict):
                changed["model"] = {
                    **{key: value for key, value in model.items() if key not in ("initial", "initial_part")},
                    "backbone": _without_absent_weights(backbone, registry, warnings),
                }
        if isinstance(fit, dict) and isinstance(epochs := fit.get("epochs", most), int):
            changed["fit"] = {**fit, "epochs": min(most, epochs)}
        if isinstance(protocol, dict):
            changed["protocol"] = _on_drawn_faces(protocol)
        # The manifest lists the recipe's own images, and a grid or search multiplies the time.
        return {key: value for key, value in changed.items() if key not in ("manifest", "grid", "search")}

    return change


def _estimator_on_drawn_faces(
    part: Mapping[str, Any], registry: Registry, template: Mapping[str, Any]
) -> dict[str, Any]:
    """Replace the datasets of the estimator by generated faces, and reduce the epochs."""
    try:
        parameters = option_parameters(registry.get("estimator", str(part.get("name"))))
    except ComponentError:
        return dict(part)  # the checks report it
    drawn = dict(template["estimator"]["dataset"])
    changed: dict[str, Any] = {
        name: drawn
        for name, one in parameters.items()
        if nested_kind(one.annotation) == "dataset" and name in part
    }
    epochs = part.get("epochs", parameters["epochs"].default) if "epochs" in parameters else None
    if isinstance(epochs, int):
        changed["epochs"] = min(template["fit"]["epochs"], epochs)
    return {**part, **changed}


def _on_drawn_faces(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Use one repeat and no split files. Generated faces have no defined splits."""
    kept = {key: value for key, value in protocol.items() if key not in ("split", "by")}
    return {"repeats": 1} if kept.get("name") == "holdout" else {**kept, "repeats": 1}


def _without_absent_weights(
    part: Mapping[str, Any], registry: Registry, warnings: list[str]
) -> dict[str, Any]:
    """Select random initial weights if the pretrained weights are not in the cache."""
    try:
        component = registry.get("backbone", str(part.get("name")))
        named = weights_options(component, part)
        off = without_weights(component)
    except ComponentError:
        return dict(part)  # the checks report it
    for option, name in named.items():
        if name == "none" or name not in registry.names("weights") or is_present(name):
            del off[option]
        else:
            warnings.append(f"The weights {name!r} are not here, so the backbone has random initial weights.")
    if off.keys() - named.keys():
        warnings.append("The backbone has random initial weights, because a demonstration downloads nothing.")
    return {**part, **off}
