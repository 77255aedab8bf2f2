"""Synthetic auditory brainstem responses: cohorts, the conditional VAE, generation. Never imports the dashboard."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version

try:
    __version__ = _version("abr-synthesis")
except PackageNotFoundError:  # run from a checkout that was not installed
    __version__ = "not installed"
