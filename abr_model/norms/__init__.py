"""Published latencies to hold recordings against, and those that a person brings."""

from abr_model.norms.norm import INTERVALS, Norm, TableNorm
from abr_model.norms.published import GORGA_1989, published_norms
from abr_model.norms.reading import TEMPLATE_COLUMNS, read_norm, template

__all__ = (
    "GORGA_1989",
    "INTERVALS",
    "TEMPLATE_COLUMNS",
    "Norm",
    "TableNorm",
    "published_norms",
    "read_norm",
    "template",
)
