"""Clients and their data, from whatever holds them."""

import os
import threading
from collections.abc import Iterable, Mapping

from . import _arrays
from ._errors import UsageError
from ._library import Handle, Read, Release, call, encode, lib


class Federation:
    """Clients whose data is asked for when it is needed: `read(id)` gives a client's arrays, as a value of a dict given to `run` is. It is called from
    several threads, ahead of time where memory allows, and may be called again for the same client."""

    def __init__(self, ids, read):
        self.ids = [str(id) for id in ids]
        self.read = read


class Given:
    """A federation as C has it, for one run. Keeps the arrays that it points to."""

    def __init__(self, data, features):
        self.features = {leaf.name: leaf.element for leaf in features}
        self.failure = None
        self._kept = []
        if isinstance(data, (str, os.PathLike)):
            self._own(lib.fedc_federation_file(os.fsencode(data)))
        elif isinstance(data, Federation):
            self._lazy(data)
        elif isinstance(data, (Mapping, Iterable)):
            self._own(lib.fedc_federation_new())
            for client in data.items() if isinstance(data, Mapping) else data:
                self._add(client)
        else:
            raise TypeError(f"data is a {type(data).__name__}: a dict of clients, (client, arrays) pairs, a Federation or a path is wanted")

    @property
    def pointer(self):
        return self._handle.pointer

    def _own(self, pointer):
        self._handle = Handle(pointer, lib.fedc_federation_free)

    def _arrays(self, id, value):
        """What the program reads of a client's arrays, and what it needs to be told of the others."""
        leaves = [("", value)] if not isinstance(value, (Mapping, tuple)) else list(_arrays.flatten(value))
        # A program that reads plain values takes the only feature there is.
        plain = self.features.get("") if len(leaves) == 1 else None
        arrays = []
        for name, leaf in leaves:
            element = self.features.get(name, plain)
            # Features that the program does not read need not be of a type that it has; one is kept, whose rows can be counted.
            if element is None and self.features and name not in self.features:
                arrays.append((name, *_arrays.convert([], 11, name)))
                continue
            arrays.append((name, *_arrays.convert(leaf, element, f"feature `{name}` of client `{id}`")))
        return _arrays.CArrays(arrays)

    def _add(self, client):
        try:
            id, value = client
        except (TypeError, ValueError):
            raise UsageError.of(f"a federation is of (client, arrays) pairs, this is {client!r:.100}") from None
        id = str(id)
        arrays = self._arrays(id, value)
        self._kept.append(arrays)
        call(lib.fedc_federation_add, self.pointer, encode(id, "a client's name"), arrays.pointer, arrays.count)

    def _lazy(self, federation):
        import ctypes

        encoded = [encode(id, "a client's name") for id in federation.ids]
        names = (ctypes.c_char_p * max(1, len(encoded)))(*encoded)
        held, lock = {}, threading.Lock()
        serial = iter(range(1, 1 << 62))

        def read(_, name, client):
            id = name.decode("utf-8", "surrogateescape")
            try:
                arrays = self._arrays(id, federation.read(id))
                with lock:
                    owner = next(serial)
                    held[owner] = arrays
                lib.fedc_client_set(client, arrays.pointer, arrays.count, self._release, owner)
            except BaseException as error:
                self.failure = self.failure or error
                lib.fedc_client_fail(client, f"{type(error).__name__}: {error}".replace("\0", "?").encode("utf-8", "replace"))

        def release(owner):
            with lock:
                held.pop(owner, None)

        self._read, self._release = Read(read), Release(release)
        self._own(lib.fedc_federation_lazy(names, len(encoded), self._read, None))
