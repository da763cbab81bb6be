"""Federated computations in Fed, compiled to machine code, on NumPy arrays.

    program = fedc.compile("digits_softmax.fed")
    result = program.run({"alice": {"pixels": x, "label": y}, ...}, rounds=100)
    result.state["w"], result.report["accuracy"]
"""

from ._errors import CompileError, Error, Problem, RunError, UsageError
from ._federation import Federation
from ._library import library_path, version
from ._program import Leaf, Program, Result, Round, compile

__version__ = "0.1.0"
__all__ = [
    "CompileError",
    "Error",
    "Federation",
    "Leaf",
    "Problem",
    "Program",
    "Result",
    "Round",
    "RunError",
    "UsageError",
    "compile",
    "library_path",
    "version",
]
