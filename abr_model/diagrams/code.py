"""The code behind a block: its docstring, and the file that a person finds it in."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass


@dataclass(frozen=True)
class CodeDoc:
    """What the code says of itself.

    Parameters
    ----------
    name
        ``"PatchNetwork.encode"``; of a module its name.
    file
        Place within its package, never one of this machine: ``"abr_model/network/patch.py"``.
    doc
        Docstring of the object.
    module_doc
        Docstring of its module, where a network has its figure; empty where that is no part of this package.
    """

    name: str
    file: str
    doc: str
    module_doc: str


def code_doc(code: str) -> CodeDoc | None:
    """What stands behind ``"module:object.attribute"``, or behind ``"module"``; None for an empty name."""
    if not code:
        return None
    module_name, _, path = code.partition(":")
    module = importlib.import_module(module_name)
    found = module
    for name in path.split(".") if path else ():
        found = getattr(found, name)
    home = inspect.getmodule(found) or module
    ours = home.__name__.startswith("abr_model")
    doc = inspect.getdoc(found) or ""
    module_doc = (inspect.getdoc(home) or "") if ours and found is not home else ""
    return CodeDoc(path or module_name.rsplit(".", 1)[-1], _file(home), doc, module_doc)


def _file(module) -> str:
    parts = module.__name__.replace(".", "/")
    return f"{parts}/__init__.py" if hasattr(module, "__path__") else f"{parts}.py"
