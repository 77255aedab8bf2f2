"""Along a velocity from t = 0 to t = 1, with one call of it for each step.

Adams–Bashforth of order 2 goes ahead, Adams–Moulton of order 3 corrects with the velocity there, which is also where
the next step starts from (a predictor–corrector of the kind PEC: Hairer, Nørsett & Wanner 1993, III.1). Heun's method
pays twice for each step: seven of these steps cost eight calls, and end nearer to where the path really leads than six
of Heun's for twelve (docs/model.md).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def follow(velocity: Callable[[Tensor, float], Tensor], x: Tensor, steps: int) -> Tensor:
    """Where x [B, D] at time 0 is at time 1.

    Parameters
    ----------
    velocity
        ``velocity(x, t)``: [B, D] at time t.
    x
        Where the paths start.
    steps
        Steps of equal length, 1 or more; ``velocity`` is called once more than that.
    """
    step = 1 / steps
    before, slope = None, velocity(x, 0.0)
    for number in range(steps):
        if before is None:
            ahead = velocity(x + step * slope, step)
            x = x + step / 2 * (slope + ahead)
        else:
            ahead = velocity(x + step / 2 * (3 * slope - before), (number + 1) / steps)
            x = x + step / 12 * (5 * ahead + 8 * slope - before)
        before, slope = slope, ahead
    return x
