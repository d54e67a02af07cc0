"""Optimizers of torch and timm, and sharpness-aware minimization."""

from ferkit.plugin import Component, hookimpl

OWN = (
    ("adam", "adam:Adam", "Adam of torch; Riemannian for parameters on a manifold (Kingma and Ba 2015)"),
    ("sam", "sam:SAM", "Sharpness-aware minimization around another optimizer (Foret et al. 2021)"),
)
TIMM = (
    ("adabelief", "Steps by the belief in the gradient (Zhuang et al. 2020)"),
    ("adadelta", "Rates from windows of gradients (Zeiler 2012)"),
    ("adafactor", "Adam with factored second moments (Shazeer and Stern 2018)"),
    ("adafactorbv", "Adafactor as in Big Vision (Zhai et al. 2022)"),
    ("adagrad", "Rates from the sum of squared gradients (Duchi et al. 2011)"),
    ("adamax", "Adam with the infinity norm (Kingma and Ba 2015)"),
    ("adamp", "Adam with a projection for scale-invariant weights (Heo et al. 2021)"),
    ("adamuon", "Muon with a second moment (Si et al. 2025)"),
    ("adamw", "Adam with decoupled weight decay (Loshchilov and Hutter 2019)"),
    ("adan", "Adaptive Nesterov momentum (Xie et al. 2022)"),
    ("adanw", "Adan with decoupled weight decay"),
    ("adopt", "Adam that converges with any second beta (Taniguchi et al. 2024)"),
    ("adoptw", "ADOPT with decoupled weight decay"),
    ("lamb", "Layer-wise adaptive moments, for large batches (You et al. 2020)"),
    ("lambw", "LAMB with decoupled weight decay"),
    ("laprop", "Momentum of normalised gradients (Ziyin et al. 2020)"),
    ("larc", "LARS with clipped ratios"),
    ("lars", "Layer-wise adaptive rates (You et al. 2017)"),
    ("lion", "Sign of an interpolated momentum (Chen et al. 2023)"),
    ("madgrad", "Momentumised dual averaging (Defazio and Jelassi 2022)"),
    ("madgradw", "MADGRAD with decoupled weight decay"),
    ("mars", "Variance reduction for Adam (Yuan et al. 2024)"),
    ("momentum", "SGD with classical momentum (Polyak 1964)"),
    ("muon", "Orthogonalised momentum, AdamW for vectors (Jordan et al. 2024)"),
    ("nadam", "Adam with Nesterov momentum (Dozat 2016)"),
    ("nadamuon", "AdaMuon with Nesterov momentum"),
    ("nadamw", "NAdam with decoupled weight decay"),
    ("nesterovw", "SGD with Nesterov momentum and decoupled weight decay"),
    ("nlarc", "LARC with Nesterov momentum"),
    ("nlars", "LARS with Nesterov momentum"),
    ("nmuon", "Muon with Nesterov momentum"),
    ("novograd", "Adam with second moments of layers (Ginsburg et al. 2019)"),
    ("novogradw", "NovoGrad with decoupled weight decay"),
    ("radabelief", "AdaBelief with rectified variance"),
    ("radam", "Adam with rectified variance (Liu et al. 2020)"),
    ("radamw", "RAdam with decoupled weight decay"),
    ("rmsprop", "Rates from the mean of squared gradients (Tieleman and Hinton 2012)"),
    ("rmsproptf", "RMSprop as in TensorFlow"),
    ("rmsproptfw", "RMSprop as in TensorFlow, with decoupled weight decay"),
    ("sgd", "Stochastic gradient descent with Nesterov momentum (Sutskever et al. 2013)"),
    ("sgdp", "SGD with a projection for scale-invariant weights (Heo et al. 2021)"),
    ("sgdw", "SGD with Nesterov momentum and decoupled weight decay"),
)


@hookimpl
def ferkit_components() -> list[Component]:
    own = [Component("optimizer", name, f"ferkit_optimizers.{target}", text) for name, target, text in OWN]
    return own + [
        Component("optimizer", name, f"ferkit_optimizers.of_timm:{name}", f"{text}, by timm")
        for name, text in TIMM
    ]
