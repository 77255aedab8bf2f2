"""The simulated clinic: recordings as a clinic would have made them, from published physiology. No real patient."""

from abr_model.sources.simulator.clinic import simulate
from abr_model.sources.simulator.parameters import DEFAULT, Parameters

__all__ = ["DEFAULT", "Parameters", "simulate"]
