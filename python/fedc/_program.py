"""Programs, their runs, their results."""

import contextlib
import ctypes
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import _arrays
from ._errors import RunError, UsageError
from ._federation import Given
from ._library import Handle, OnRound, call, decode, encode, lib, problem


@dataclass(frozen=True)
class Leaf:
    """The type of a leaf: its path in the struct, its NumPy type, its shape (-1: rows, or clients)."""

    name: str
    dtype: np.dtype
    shape: Tuple[int, ...]
    element: int = field(repr=False)

    def __str__(self):
        return f"{self.name}: {_arrays.type_text(self.element, self.shape)}"


@dataclass(frozen=True)
class Round:
    """A round, or an evaluation, that is done."""

    round: int
    """From 1; an evaluation's is the round before it, 0 if there was none."""
    rounds: int
    """Of the whole run."""
    clients: int
    seconds: float
    report: Any
    """What `next` (`evaluate`) reports: a dict, with dicts in it where the program has structs."""
    client_ids: List[str] = field(default_factory=list)
    """The clients that it reports of, where it does."""
    of_clients: Any = None
    """What it reports of each: arrays whose first extent are those clients."""


@dataclass(frozen=True)
class Result:
    """What a run gives."""

    state: Any = None
    """Of a process: the state after the last round, as a dict; what is no struct has the name that the program gives it."""
    rounds: List[Round] = field(default_factory=list)
    evaluations: List[Round] = field(default_factory=list)
    value: Any = None
    """Of `main`: what it returns."""
    last_round: int = 0
    stopped: bool = False
    """`progress` ended it before its last round."""
    _client_states: Any = field(default=None, repr=False, compare=False)

    def __getstate__(self):
        """What clients keep stays in this process: a pickled Result has the server's state alone."""
        return {**self.__dict__, "_client_states": None}

    @property
    def report(self):
        """The last round's report."""
        return self.rounds[-1].report if self.rounds else None

    @property
    def evaluation(self):
        """The last evaluation's report."""
        return self.evaluations[-1].report if self.evaluations else None

    @property
    def history(self) -> Dict[str, np.ndarray]:
        """The reports of all rounds by leaf: arrays whose first extent counts the rounds."""
        rows = [dict(_arrays.flatten(round.report)) for round in self.rounds]
        return {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else {})}


def _round(c):
    ids = [decode(c.client_ids[i]) for i in range(c.client_id_count)]
    of_clients = _arrays.nest(_arrays.leaves_of(c.of_clients, c.of_clients_count)) if ids else None
    return Round(c.round, c.rounds, c.clients, c.seconds, _arrays.nest(_arrays.leaves_of(c.report, c.report_count)), ids, of_clients)


def compile(path=None, *, source=None, name=None, params: Optional[Mapping] = None, include=(), modules: Optional[Mapping] = None, plugins=(), interpret=False):
    """Compiles the program in the file `path`, or the text `source`.

    params: values of the program's `param`s. include: folders with modules; modules: modules as texts, by name. name: what messages call a text.
    plugins: shared libraries with the program's native functions.
    interpret: the reference interpreter instead of machine code: the same bits, slowly. Raises CompileError."""
    if (path is None) == (source is None):
        raise TypeError("either a path or source= is wanted")
    options = Handle(lib.fedc_compile_options_new(), lib.fedc_compile_options_free)
    if name is not None:
        lib.fedc_compile_options_name(options.pointer, encode(name, "name"))
    for key, value in (params or {}).items():
        lib.fedc_compile_options_param(options.pointer, encode(key, "a param's name"), encode(_text(value), f"param `{key}`"))
    for key, value in (modules or {}).items():
        lib.fedc_compile_options_module(options.pointer, encode(key, "a module's name"), encode(value, f"module `{key}`"))
    for folder in include:
        lib.fedc_compile_options_include(options.pointer, os.fsencode(folder))
    for plugin in plugins:
        lib.fedc_compile_options_plugin(options.pointer, os.fsencode(plugin))
    lib.fedc_compile_options_interpret(options.pointer, int(interpret))
    if path is not None:
        return Program(call(lib.fedc_compile_file, os.fsencode(path), options.pointer))
    if not isinstance(source, str):
        raise TypeError(f"source is a {type(source).__name__}, not a str")
    text = source.encode("utf-8", "surrogateescape")
    return Program(call(lib.fedc_compile, text, len(text), options.pointer))


def _text(value):
    """A param's value as Fed writes it."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return value


class Program:
    """A compiled program. Never changes; several threads may run it at once."""

    def __init__(self, pointer):
        self._handle = Handle(pointer, lib.fedc_program_free)
        warnings = range(lib.fedc_program_warning_count(pointer))
        self.warnings = [problem(lib.fedc_program_warning(pointer, i).contents) for i in warnings]
        self.is_process = bool(lib.fedc_program_is_process(pointer))
        """Rounds, or a `main` that runs once."""
        self.has_evaluate = bool(lib.fedc_program_has_evaluate(pointer))
        self.features = self._leaves(0)
        """What is read of each client: the type of a row."""
        self.eval_features = self._leaves(1)
        self.arguments = self._leaves(2)
        """Of `main`."""
        self.state = self._leaves(3)
        """Of a process."""
        self.report = self._leaves(4)
        """Of a round; the result of `main`."""

    def _leaves(self, which):
        count = ctypes.c_size_t()
        leaves = lib.fedc_program_leaves(self._handle.pointer, which, ctypes.byref(count))
        return [
            Leaf(decode(c.name), _arrays.dtype_of(c.element), tuple(c.shape[k] for k in range(c.rank)), c.element)
            for c in (leaves[i] for i in range(count.value))
        ]

    def run(
        self,
        data=None,
        *,
        rounds=None,
        eval_data=None,
        eval_every=None,
        clients_per_round=None,
        clients=None,
        eval_clients=None,
        seed=None,
        threads=None,
        data_cache=None,
        params=None,
        arguments=None,
        state=None,
        progress=None,
        evaluated=None,
    ):
        """Runs the rounds of a process, or `main` once.

        data, eval_data: a dict {client: {feature: array}}, an iterable of (client, arrays) pairs, a Federation, or a path. Arrays that are dense and of the
        declared type are used where they lie. What is None is as the program's `run` block has it; giving data puts aside the block's `data`, `eval`,
        `clients` and `eval_clients`.
        rounds: 1. clients_per_round: "all". seed: 0. eval_every: 0, only after the last round. threads: as many as the machine has.
        params: values of `param`s that are not compiled in. arguments: those of `main`, nested as its structs.
        state: to begin with, instead of `init`: a dict, or the Result of a run that is gone on from; `rounds` then counts from that run's first.
        progress(round), evaluated(round): called after each round and evaluation with a Round; progress ends the run by returning False.
        Raises RunError, UsageError; what a callback raises ends the run and comes out of it."""
        options = _RunOptions(self)
        options.data(data, eval_data)
        options.begin(state)
        options.arguments(arguments)
        every = -1 if clients_per_round == "all" else clients_per_round
        numbers = {"rounds": rounds, "eval_every": eval_every, "clients_per_round": every, "seed": seed, "threads": threads, "data_cache": data_cache}
        for key, value in numbers.items():
            options.set(key, value)
        options.text("clients", clients)
        options.text("eval_clients", eval_clients)
        options.params(params)
        options.listen("on_round", progress)
        options.listen("on_evaluation", evaluated)
        return self._result(options.call(lib.fedc_run))

    def evaluate(self, state, data=None, *, clients=None, seed=None, threads=None, data_cache=None, params=None):
        """One evaluation of a state (a dict, or a Result) on data (None: what the program's `run` block has); the Round, with its report."""
        options = _RunOptions(self)
        options.data(None, data)
        options.begin(state, is_run=False)
        for key, value in {"seed": seed, "threads": threads, "data_cache": data_cache}.items():
            options.set(key, value)
        options.text("eval_clients", clients)
        options.params(params)
        return self._result(options.call(lib.fedc_evaluate)).evaluations[0]

    def _result(self, pointer):
        result = Handle(pointer, lib.fedc_result_free)

        def arrays(which):
            count = ctypes.c_size_t()
            found = lib.fedc_result_arrays(pointer, which, ctypes.byref(count))
            return _arrays.leaves_of(found, count.value)

        def rounds(kind):
            number = getattr(lib, f"fedc_result_{kind}_count")(pointer)
            get = getattr(lib, f"fedc_result_{kind}")
            return [_round(get(pointer, i).contents) for i in range(number)]

        state = value = None
        if self.is_process:
            state = _arrays.nest(arrays(0))
        else:
            leaves = arrays(1)
            value = leaves[0][1] if lib.fedc_program_has_plain_result(self._handle.pointer) and len(leaves) == 1 else _arrays.nest(leaves)
        last, stopped = lib.fedc_result_last_round(pointer), bool(lib.fedc_result_stopped(pointer))
        kept = lib.fedc_result_client_states(pointer)
        states = Handle(kept, lib.fedc_client_states_free) if kept else None
        out = Result(state, rounds("round"), rounds("evaluation"), value, last, stopped, states)
        del result
        return out


@contextlib.contextmanager
def _interrupts_as(raised):
    """Ctrl-C is noted in a list instead of raised: an exception at the entry of a function that C calls would be lost."""
    is_ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_ours:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: raised.append(KeyboardInterrupt()))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _RunOptions:
    """Options of C, and what must stay until the run is over."""

    def __init__(self, program):
        self._program = program
        self._handle = Handle(lib.fedc_run_options_new(), lib.fedc_run_options_free)
        self._kept, self._given, self._raised = [], [], []

    def data(self, data, eval_data):
        for what, value, features in (("data", data, self._program.features), ("eval_data", eval_data, self._program.eval_features)):
            if value is not None:
                given = Given(value, features)
                self._given.append(given)
                getattr(lib, f"fedc_run_options_{what}")(self._handle.pointer, given.pointer)

    def set(self, key, value):
        if value is None:
            return
        setter = getattr(lib, f"fedc_run_options_{key}")
        number = int(value)
        # ctypes would cut it to the width.
        if number != value or setter.argtypes[1](number).value != number:
            raise UsageError.of(f"{key} = {value!r} is not a whole number in its range")
        setter(self._handle.pointer, number)

    def text(self, key, value):
        if value is not None:
            getattr(lib, f"fedc_run_options_{key}")(self._handle.pointer, encode(value, key))

    def params(self, values):
        for name, value in (values or {}).items():
            lib.fedc_run_options_param(self._handle.pointer, encode(name, "a param's name"), float(value))

    def begin(self, state, is_run=True):
        """With this state: a dict, or the Result of a run, behind whose last round another run goes on."""
        if isinstance(state, Result):
            if is_run:
                self.set("state_round", state.last_round)
            if state._client_states is not None:
                lib.fedc_run_options_client_states(self._handle.pointer, state._client_states.pointer)
            state = state.state
        if state is not None:
            self._leaves(state, self._program.state, "state", lib.fedc_run_options_state)

    def arguments(self, arguments):
        if arguments is not None:
            self._leaves(arguments, self._program.arguments, "argument", lib.fedc_run_options_argument)

    def _leaves(self, tree, declared, what, add):
        elements = {leaf.name: leaf.element for leaf in declared}
        for name, value in _arrays.flatten(tree):
            if not name and len(declared) == 1:
                name = declared[0].name
            arrays = _arrays.CArrays([(name, *_arrays.convert(value, elements.get(name), f"{what} `{name}`"))])
            self._kept.append(arrays)
            call(add, self._handle.pointer, arrays.pointer)

    def listen(self, key, callback):
        """C calls it in any case, so that Python gets to handle signals between rounds."""

        def heard(_, c):
            try:
                if callback is not None and not self._raised and callback(_round(c.contents)) is False:
                    return 1
            except BaseException as error:
                self._raised.append(error)
            return int(bool(self._raised))

        called = OnRound(heard)
        self._kept.append(called)
        getattr(lib, f"fedc_run_options_{key}")(self._handle.pointer, called, None)

    def call(self, function):
        try:
            with _interrupts_as(self._raised):
                result = call(function, self._program._handle.pointer, self._handle.pointer)
        except RunError as error:
            causes = [given.failure for given in self._given if given.failure is not None]
            raise error from (causes[0] if causes else None)
        if self._raised:
            lib.fedc_result_free(result)
            raise self._raised[0]
        return result
