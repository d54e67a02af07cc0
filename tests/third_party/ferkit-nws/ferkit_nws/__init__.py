"""A loss, a head and a data set for ferkit.

It imports nothing heavy, because `ferkit plugins` imports this module of every plugin.
"""

from ferkit.plugin import Component, hookimpl

ferkit_contract = 1


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "loss",
            "poly_focal",
            "ferkit_nws.loss:PolyFocalLoss",
            "Focal loss with a polynomial term (Leng et al. 2022)",
        ),
        Component(
            "head",
            "top_k_pool",
            "ferkit_nws.head:TopKPoolHead",
            "The mean of each channel's strongest responses",
        ),
        Component(
            "dataset",
            "pairs_csv",
            "ferkit_nws.dataset:PairsCsvDataset",
            "Images whose label is what most raters say",
        ),
    ]
