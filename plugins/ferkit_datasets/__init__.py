"""Public data sets in their original layouts, class folders, and tables of paths and labels."""

from ferkit.plugin import Component, hookimpl

PACKAGE = "ferkit_datasets"


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "dataset",
            "affectnet",
            f"{PACKAGE}.affectnet:AffectNet",
            "AffectNet, manual labels, in both layouts",
        ),
        Component(
            "dataset", "ckplus", f"{PACKAGE}.ckplus:CKPlus", "CK+: last frames of the labelled sequences"
        ),
        Component("dataset", "csv", f"{PACKAGE}.csv:TableDataset", "A table of paths and labels"),
        Component("dataset", "expw", f"{PACKAGE}.expw:ExpW", "ExpW: faces cropped by its boxes"),
        Component(
            "dataset", "fer2013", f"{PACKAGE}.fer2013:FER2013", "FER2013, from its CSV file or folders"
        ),
        Component("dataset", "ferplus", f"{PACKAGE}.ferplus:FERPlus", "FER2013 with the votes of FER+"),
        Component(
            "dataset",
            "image_folder",
            f"{PACKAGE}.image_folder.dataset:ImageFolder",
            "A folder of images for each class",
        ),
        Component(
            "dataset",
            "manifest",
            f"{PACKAGE}.manifest:Manifest",
            "A CSV list, as ferkit data manifest writes",
        ),
        Component("dataset", "rafdb", f"{PACKAGE}.rafdb:RAFDB", "RAF-DB, seven basic expressions"),
        Component("dataset", "sfew", f"{PACKAGE}.sfew:SFEW", "SFEW, 675 images with movie and clip"),
        Component("dataset", "sfew2", f"{PACKAGE}.sfew2:SFEW2", "SFEW 2.0, the labelled images"),
    ]
