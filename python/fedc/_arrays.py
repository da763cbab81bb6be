"""NumPy arrays and C's, nested dicts and leaves with paths."""

import ctypes
from collections.abc import Mapping

import numpy as np

from ._errors import UsageError
from ._library import Array, NamedArray, decode, encode, string_number, string_text

# Numbers of include/fedc/c.h. NumPy has no bf16: it is shown as float32, which holds every bf16.
BF16 = 9
STR = 14
_NAMES = ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bf16", "f16", "f32", "f64", None, "str"]
_DTYPES = [np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.uint16, np.float16, np.float32, np.float64]
_DTYPES = [np.dtype(dtype) for dtype in _DTYPES]
_ELEMENTS = {dtype: element for element, dtype in enumerate(_DTYPES) if element != BF16}


def dtype_of(element):
    """The NumPy type in which an element type is shown."""
    return np.dtype(np.float32) if element == BF16 else np.dtype(np.str_) if element == STR else _DTYPES[element]


def type_text(element, shape):
    """As Fed writes it: `f32[28, 28]`."""
    name = _NAMES[element]
    return f"{name}[{', '.join('_' if extent < 0 else str(extent) for extent in shape)}]" if shape else name


def has_dtype(value):
    return hasattr(value, "dtype") or hasattr(value, "__array_interface__")


def convert(value, element, what):
    """An array that C can take. What has a type of its own keeps it, and its memory wherever that is dense; numbers and lists of numbers become the
    element type that is wanted, if they are such numbers. `element` None: not known."""
    array = np.asarray(value)
    name = getattr(array.dtype, "name", "")
    if name == "bfloat16":
        return np.ascontiguousarray(array).view(np.uint16).reshape(array.shape), BF16
    if array.dtype.kind in "USO" or (element == STR and array.size == 0):
        return _strings(array, what), STR
    if not has_dtype(value) and element is not None:
        array = _exactly(array, element, what)
    if element == BF16 and array.dtype == np.float32:
        bits = np.ascontiguousarray(array).view(np.uint32).reshape(array.shape)
        if np.any(bits & 0xFFFF):
            raise UsageError.of(f"{what} is float32 with numbers that `bf16` does not have")
        return (bits >> 16).astype(np.uint16), BF16
    native = array.dtype.newbyteorder("=")
    if native not in _ELEMENTS:
        raise UsageError.of(f"{what} is an array of {array.dtype}, which Fed has not{_wanted(element)}")
    # In C order, where the elements' own size divides the address, in this machine's byte order: then nothing is copied.
    return np.require(array, native, ["C", "A"]).reshape(array.shape), _ELEMENTS[native]


def _strings(array, what):
    """The numbers of texts. Bytes are UTF-8."""
    numbers = {}
    out = np.empty(array.size, np.uint32)
    for i, text in enumerate(array.ravel().tolist()):
        if not isinstance(text, (str, bytes)):
            raise UsageError.of(f"{what} is an array of {array.dtype}, which Fed has not")
        if text not in numbers:
            try:
                numbers[text] = string_number(text if isinstance(text, str) else text.decode("utf-8", "surrogateescape"))
            except UsageError as error:
                raise UsageError.of(f"{what}: {error.problems[0].message}") from None
        out[i] = numbers[text]
    return out.reshape(array.shape)


def _wanted(element):
    return "" if element is None else f"; the program wants `{_NAMES[element]}`"


def _exactly(array, element, what):
    """Python numbers as an element type. Fractions become the nearest float; anything else must be there as it is."""
    wanted = dtype_of(element)
    kind = array.dtype.kind
    if array.size == 0:
        return array.astype(wanted)
    fits = kind == "b" if wanted.kind == "b" else kind in "iu" if wanted.kind in "iu" else kind in "iuf"
    if fits:
        with np.errstate(over="ignore"):
            converted = array.astype(wanted)
        if wanted.kind not in "iu" or np.array_equal(converted.astype(object), array.astype(object)):
            return converted
    raise UsageError.of(f"{what} is {array.dtype} in Python, or out of range; the program wants `{_NAMES[element]}`")


class CArrays:
    """Arrays as C wants them, in one block. They live as long as this."""

    def __init__(self, arrays):
        """`arrays`: (name, NumPy array, element type) each."""
        arrays = list(arrays)
        self.count = len(arrays)
        self.pointer = (NamedArray * max(1, len(arrays)))()
        self._kept = []
        for c, (name, array, element) in zip(self.pointer, arrays):
            text = encode(name, "a name")
            shape = (ctypes.c_int64 * max(1, array.ndim))(*array.shape)
            c.name, c.value = text, Array(element, array.ndim, shape, array.ctypes.data)
            self._kept.append((text, shape, array))


def from_c(c):
    """A copy of an array of C; a scalar as a NumPy scalar."""
    shape = tuple(c.shape[i] for i in range(c.rank))
    dtype = np.dtype(np.uint32) if c.element == STR else _DTYPES[c.element]
    count = int(np.prod(shape, dtype=np.int64))
    array = np.empty(shape, dtype)
    if count:
        ctypes.memmove(array.ctypes.data, c.data, count * dtype.itemsize)
    if c.element == STR:
        array = np.array([string_text(number) for number in array.ravel().tolist()], np.str_).reshape(shape)
    if c.element == BF16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array if shape else array[()]


def leaves_of(pointer, count):
    """(path, array) of `count` arrays of C, copied."""
    return [(decode(pointer[i].name), from_c(pointer[i].value)) for i in range(count)]


def nest(leaves):
    """A dict of dicts by the paths; what is numbered 0, 1, 2, .. is a tuple."""
    tree = {}
    for path, value in leaves:
        *outer, last = path.split(".")
        at = tree
        for part in outer:
            at = at.setdefault(part, {})
        at[last] = value
    return _tuples(tree)


def _tuples(tree):
    if not isinstance(tree, dict):
        return tree
    tree = {key: _tuples(value) for key, value in tree.items()}
    if tree and list(tree) == [str(i) for i in range(len(tree))]:
        return tuple(tree.values())
    return tree


def flatten(tree, path=""):
    """The leaves of nested mappings and tuples, with their paths; one array without a path has the path ``."""
    if isinstance(tree, Mapping):
        items = tree.items()
    elif isinstance(tree, tuple):
        items = enumerate(tree)
    else:
        yield path, tree
        return
    for key, value in items:
        yield from flatten(value, f"{path}.{key}" if path else str(key))
