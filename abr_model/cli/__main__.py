"""``python -m abr_model.cli``: the ``abr`` command where it is not on the path (a background training)."""

from abr_model.cli import main

main()
