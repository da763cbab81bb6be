"""libfedc.so: where it is, its functions (include/fedc/c.h), its errors."""

import ctypes
import os
import sysconfig
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

from ._errors import CompileError, Problem, RunError, UsageError

_ABI_VERSION = 1
_NAME = "libfedc.so.0"


class Array(ctypes.Structure):
    _fields_ = [("element", c_int32), ("rank", c_int32), ("shape", POINTER(c_int64)), ("data", c_void_p)]


class NamedArray(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("value", Array)]


class Leaf(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("element", c_int32), ("rank", c_int32), ("shape", POINTER(c_int64))]


class CProblem(ctypes.Structure):
    _fields_ = [
        ("is_error", c_int32),
        ("line", c_uint32),
        ("column", c_uint32),
        ("end_line", c_uint32),
        ("end_column", c_uint32),
        ("code", c_char_p),
        ("message", c_char_p),
        ("file", c_char_p),
        ("text", c_char_p),
    ]


class CRound(ctypes.Structure):
    _fields_ = [
        ("round", c_int32),
        ("rounds", c_int32),
        ("clients", c_int64),
        ("seconds", c_double),
        ("report", POINTER(NamedArray)),
        ("report_count", c_size_t),
        ("client_ids", POINTER(c_char_p)),
        ("client_id_count", c_size_t),
        ("of_clients", POINTER(NamedArray)),
        ("of_clients_count", c_size_t),
    ]


OnRound = CFUNCTYPE(c_int, c_void_p, POINTER(CRound))
Read = CFUNCTYPE(None, c_void_p, c_char_p, c_void_p)
Release = CFUNCTYPE(None, c_void_p)

_ERROR = POINTER(c_void_p)
_FUNCTIONS = {
    "fedc_abi_version": (c_int, []),
    "fedc_version": (c_char_p, []),
    "fedc_error_free": (None, [c_void_p]),
    "fedc_error_kind": (c_int, [c_void_p]),
    "fedc_error_text": (c_char_p, [c_void_p]),
    "fedc_error_count": (c_size_t, [c_void_p]),
    "fedc_error_problem": (POINTER(CProblem), [c_void_p, c_size_t]),
    "fedc_error_client": (c_char_p, [c_void_p]),
    "fedc_error_round": (c_int32, [c_void_p]),
    "fedc_string": (c_int, [c_char_p, c_size_t, POINTER(c_uint32), _ERROR]),
    "fedc_string_text": (c_void_p, [c_uint32, POINTER(c_size_t)]),
    "fedc_compile_options_new": (c_void_p, []),
    "fedc_compile_options_free": (None, [c_void_p]),
    "fedc_compile_options_name": (None, [c_void_p, c_char_p]),
    "fedc_compile_options_param": (None, [c_void_p, c_char_p, c_char_p]),
    "fedc_compile_options_module": (None, [c_void_p, c_char_p, c_char_p]),
    "fedc_compile_options_include": (None, [c_void_p, c_char_p]),
    "fedc_compile_options_plugin": (None, [c_void_p, c_char_p]),
    "fedc_compile_options_interpret": (None, [c_void_p, c_int]),
    "fedc_compile": (c_void_p, [c_char_p, c_size_t, c_void_p, _ERROR]),
    "fedc_compile_file": (c_void_p, [c_char_p, c_void_p, _ERROR]),
    "fedc_program_free": (None, [c_void_p]),
    "fedc_program_warning_count": (c_size_t, [c_void_p]),
    "fedc_program_warning": (POINTER(CProblem), [c_void_p, c_size_t]),
    "fedc_program_is_process": (c_int, [c_void_p]),
    "fedc_program_has_evaluate": (c_int, [c_void_p]),
    "fedc_program_has_plain_result": (c_int, [c_void_p]),
    "fedc_program_leaves": (POINTER(Leaf), [c_void_p, c_int, POINTER(c_size_t)]),
    "fedc_federation_new": (c_void_p, []),
    "fedc_federation_free": (None, [c_void_p]),
    "fedc_federation_add": (c_int, [c_void_p, c_char_p, POINTER(NamedArray), c_size_t, _ERROR]),
    "fedc_federation_lazy": (c_void_p, [POINTER(c_char_p), c_size_t, Read, c_void_p]),
    "fedc_client_set": (None, [c_void_p, POINTER(NamedArray), c_size_t, Release, c_void_p]),
    "fedc_client_fail": (None, [c_void_p, c_char_p]),
    "fedc_federation_file": (c_void_p, [c_char_p]),
    "fedc_run_options_new": (c_void_p, []),
    "fedc_run_options_free": (None, [c_void_p]),
    "fedc_run_options_data": (None, [c_void_p, c_void_p]),
    "fedc_run_options_eval_data": (None, [c_void_p, c_void_p]),
    "fedc_run_options_clients": (None, [c_void_p, c_char_p]),
    "fedc_run_options_eval_clients": (None, [c_void_p, c_char_p]),
    "fedc_run_options_rounds": (None, [c_void_p, c_int32]),
    "fedc_run_options_clients_per_round": (None, [c_void_p, c_int64]),
    "fedc_run_options_seed": (None, [c_void_p, c_uint64]),
    "fedc_run_options_eval_every": (None, [c_void_p, c_int32]),
    "fedc_run_options_threads": (None, [c_void_p, c_int32]),
    "fedc_run_options_data_cache": (None, [c_void_p, c_int64]),
    "fedc_run_options_param": (None, [c_void_p, c_char_p, c_double]),
    "fedc_run_options_argument": (c_int, [c_void_p, POINTER(NamedArray), _ERROR]),
    "fedc_run_options_state": (c_int, [c_void_p, POINTER(NamedArray), _ERROR]),
    "fedc_run_options_state_round": (None, [c_void_p, c_int32]),
    "fedc_run_options_client_states": (None, [c_void_p, c_void_p]),
    "fedc_run_options_on_round": (None, [c_void_p, OnRound, c_void_p]),
    "fedc_run_options_on_evaluation": (None, [c_void_p, OnRound, c_void_p]),
    "fedc_run": (c_void_p, [c_void_p, c_void_p, _ERROR]),
    "fedc_evaluate": (c_void_p, [c_void_p, c_void_p, _ERROR]),
    "fedc_result_free": (None, [c_void_p]),
    "fedc_result_arrays": (POINTER(NamedArray), [c_void_p, c_int, POINTER(c_size_t)]),
    "fedc_result_round_count": (c_size_t, [c_void_p]),
    "fedc_result_round": (POINTER(CRound), [c_void_p, c_size_t]),
    "fedc_result_evaluation_count": (c_size_t, [c_void_p]),
    "fedc_result_evaluation": (POINTER(CRound), [c_void_p, c_size_t]),
    "fedc_result_last_round": (c_int32, [c_void_p]),
    "fedc_result_stopped": (c_int, [c_void_p]),
    "fedc_result_client_states": (c_void_p, [c_void_p]),
    "fedc_client_states_free": (None, [c_void_p]),
}


def _candidates():
    """Where libfedc.so may be; the last one is a name for the loader."""
    here = Path(__file__).resolve().parent
    # PREFIX/share/fedc/python/fedc, and python/fedc in the sources.
    prefix, sources = here.parents[3], here.parents[1]
    multiarch = sysconfig.get_config_var("MULTIARCH")
    folders = [here, sources / "build" / "lib", prefix / "lib", prefix / "lib64", *([prefix / "lib" / multiarch] if multiarch else [])]
    return [str(folder / _NAME) for folder in folders if (folder / _NAME).exists()] + [_NAME]


def _load():
    chosen = os.environ.get("FEDC_LIBRARY")
    path = chosen or _candidates()[0]
    try:
        loaded = ctypes.CDLL(path)
    except OSError as error:
        where = "FEDC_LIBRARY names" if chosen else "set FEDC_LIBRARY to its path, or install fedc;"
        raise ImportError(f"libfedc cannot be loaded: {where} {error}") from None
    loaded.fedc_abi_version.restype, loaded.fedc_abi_version.argtypes = _FUNCTIONS["fedc_abi_version"]
    if loaded.fedc_abi_version() != _ABI_VERSION:
        raise ImportError(f"`{path}` has version {loaded.fedc_abi_version()} of the C interface, this package wants {_ABI_VERSION}")
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded, path


lib, _path = _load()


def version():
    """The version of libfedc: `0.1.0`."""
    return lib.fedc_version().decode()


def library_path():
    """The libfedc.so that is in use; a bare name if the loader found it."""
    return _path


def encode(text, what):
    """A text for C."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is a {type(text).__name__}, not a str")
    if "\0" in text:
        raise UsageError.of(f"{what} {text!r} has a zero character in it")
    # What Python could not decode (file names) goes back as it was.
    return text.encode("utf-8", "surrogateescape")


def decode(text):
    return text.decode("utf-8", "replace")


def problem(c):
    """A Problem from C's struct."""
    span = ((c.line, c.column), (c.end_line, c.end_column)) if c.line else None
    return Problem(decode(c.code), decode(c.message), decode(c.file) or None, span, decode(c.text), bool(c.is_error))


def exception(error):
    """The exception that an error of C is; the error is freed."""
    try:
        problems = [problem(lib.fedc_error_problem(error, i).contents) for i in range(lib.fedc_error_count(error))]
        text = decode(lib.fedc_error_text(error)).rstrip("\n")
        kind = lib.fedc_error_kind(error)
        if kind == 0:
            return UsageError(problems, text)
        if kind == 1:
            return CompileError(problems, text)
        if kind == 3:
            return MemoryError(text)
        client, round = lib.fedc_error_client(error), lib.fedc_error_round(error)
        return RunError(problems, text, None if client is None else decode(client), None if round < 0 else round)
    finally:
        lib.fedc_error_free(error)


def call(function, *arguments):
    """Calls a function whose last argument is where its error goes; raises it. A pointer that is NULL without an error cannot be."""
    error = c_void_p()
    result = function(*arguments, byref(error))
    if error.value is not None:
        raise exception(error)
    return result


def string_number(text):
    """The number by which C's arrays hold a text."""
    number = c_uint32()
    encoded = text.encode("utf-8", "surrogateescape")
    call(lib.fedc_string, encoded, len(encoded), byref(number))
    return number.value


def string_text(number):
    """The text of a number of C's."""
    length = c_size_t()
    text = lib.fedc_string_text(number, byref(length))
    return ctypes.string_at(text, length.value).decode("utf-8")


class Handle:
    """A pointer that is freed once."""

    def __init__(self, pointer, free):
        if pointer is None:
            raise MemoryError("libfedc has no memory left")
        self.pointer, self._free = pointer, free

    def __reduce__(self):
        raise TypeError("a handle of libfedc cannot be pickled or copied")

    def __del__(self):
        # While Python ends, modules may be gone.
        free = getattr(self, "_free", None)
        if free is not None:
            free(self.pointer)
