"""Folding in: a person's factors are solved for from the history at the moment of asking.

Letters: B requests, E events of one history, D factors.
"""

import numpy as np


def ridge(design: np.ndarray, targets: np.ndarray, weights: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """The w that minimises Σ_e weights_e (design_e · w - targets_e)² + wᵀ penalty w; (D,) from design (E, D).

    ``penalty`` is (D, D), positive definite.
    """
    weighted = design * weights[:, None]
    return np.asarray(np.linalg.solve(design.T @ weighted + penalty, weighted.T @ targets))
