"""The baseline of Dhall et al. 2011: hand-crafted descriptors and a support vector machine."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "descriptor",
            "phog",
            "ferkit_svm.phog:PhogDescriptor",
            "Pyramid of histograms of oriented gradients (Bosch et al. 2007)",
        ),
        Component(
            "descriptor",
            "lpq",
            "ferkit_svm.lpq:LpqDescriptor",
            "Local phase quantisation (Ojansivu and Heikkilä 2008)",
        ),
        Component(
            "descriptor",
            "lbp",
            "ferkit_svm.lbp:LbpDescriptor",
            "Uniform local binary patterns (Ojala et al. 2002)",
        ),
        Component(
            "estimator",
            "svm",
            "ferkit_svm.svm:SvmEstimator",
            "Descriptors, PCA and an SVM with a search for C and gamma",
        ),
    ]
