"""Data sets of the field as their makers lay them out, class folders, and tables of paths and labels."""

from ferkit.plugin import Component, hookimpl

PACKAGE = "ferkit_datasets"


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "dataset", "affectnet", f"{PACKAGE}.affectnet:AffectNet", "AffectNet, either of its two layouts"
        ),
        Component("dataset", "ckplus", f"{PACKAGE}.ckplus:CKPlus", "CK+: the last frames of its sequences"),
        Component("dataset", "csv", f"{PACKAGE}.csv:TableDataset", "Any table of paths and labels"),
        Component("dataset", "expw", f"{PACKAGE}.expw:ExpW", "ExpW: the faces in its boxes, cut out"),
        Component("dataset", "fer2013", f"{PACKAGE}.fer2013:FER2013", "FER2013, as a CSV file or as folders"),
        Component("dataset", "ferplus", f"{PACKAGE}.ferplus:FERPlus", "FER2013 with the votes of FER+"),
        Component(
            "dataset",
            "image_folder",
            f"{PACKAGE}.image_folder.dataset:ImageFolder",
            "A folder for each class",
        ),
        Component("dataset", "manifest", f"{PACKAGE}.manifest:Manifest", "A CSV list of images"),
        Component("dataset", "rafdb", f"{PACKAGE}.rafdb:RAFDB", "RAF-DB's seven basic expressions"),
        Component("dataset", "sfew", f"{PACKAGE}.sfew:SFEW", "The 675 images of SFEW, with movie and clip"),
        Component("dataset", "sfew2", f"{PACKAGE}.sfew2:SFEW2", "SFEW 2.0, its labelled parts"),
    ]
