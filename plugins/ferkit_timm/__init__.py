"""Any model of timm as a backbone."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "backbone", "timm", "ferkit_timm.backbone:TimmBackbone", "Any model of timm, by its name there"
        )
    ]
