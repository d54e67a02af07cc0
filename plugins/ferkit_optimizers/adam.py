"""Adam, also on manifolds."""

from __future__ import annotations

from typing import Any

from torch.optim import Adam as TorchAdam
from torch.optim import Optimizer


class Adam:
    """Adam (Kingma and Ba 2015), of torch.

    If a parameter is on a manifold, the Riemannian Adam of geoopt (Bécigneul and Ganea 2019) updates all
    parameters. It treats those on no manifold as Adam does.

    Args:
        betas: Decay rates of the mean of the gradients and of their squares, 0 to 1.
        eps: Term added to the denominator.
        amsgrad: Divide by the maximum of the second moments (Reddi et al. 2018).
    """

    manifolds = True

    def __new__(  # type: ignore[misc]
        cls,
        params: list[dict[str, Any]],
        lr: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        amsgrad: bool = False,
    ) -> Optimizer:
        """Build the optimizer that suits the parameters."""
        kind: Any = TorchAdam
        if any(hasattr(one, "manifold") for group in params for one in group["params"]):
            from geoopt.optim import RiemannianAdam

            kind = RiemannianAdam
        made: Optimizer = kind(
            params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad
        )
        return made
