"""One's own photographs, a folder for each class."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "dataset", "image_folder", "ferkit_image_folder.dataset:ImageFolder", "A folder for each class"
        )
    ]
