#!/usr/bin/env python3
"""The package by itself: data in, results out, errors, callbacks."""
import ctypes
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import numpy as np

import fedc

SUMS = """
param scale: f32 = 1.0;
param width: i32 = 3;
struct Row { x: f32[width], flag: bool }
struct State { total: f32[width], rows: i32 }
struct Report { mean: f32[width], rows: i32, flags: i32 }
fn sums(data: Row*) -> (f32[width], i32) { (data.map(|r| scale * r.x).sum(), data.count()) }
fn flags(data: Row*) -> i32 { data.map(|r| i32(r.flag)).sum() }
fn init(k: key@server) -> State@server { State { total: zeros(), rows: 0 } }
fn next(s: State@server, data: {Row*}@clients, k: key@server) -> (State@server, Report@server) {
  let (x, n) = sums(data);
  let total = federated_sum(x);
  let rows = federated_sum(n);
  (State { total: s.total + total, rows: s.rows + rows }, Report { mean: total / f32(rows), rows: rows, flags: federated_sum(flags(data)) })
}
fn evaluate(s: State@server, data: {Row*}@clients) -> f32@server { sum(s.total) + f32(federated_sum(data.count())) }
let main = process(init, next, evaluate);
"""


def rows(*numbers):
    x = np.array(numbers, np.float32).reshape(-1, 3)
    return {"x": x, "flag": np.arange(len(x)) % 2 == 0}


class Strings(unittest.TestCase):
    PROGRAM = """
struct Row { name: str, tags: str[2] }
fn longest(data: Row*, start: str) -> str {
  var best = start;
  for r in data { for w in [r.name, r.tags[0], r.tags[1]] { if len(w) > len(best) { best = w; } } }
  best
}
fn longer(a: str, b: str) -> str { if len(a) > len(b) { a } else { b } }
fn main(data: {Row*}@clients, start: str, pair: str[2]@server) -> (str, str[2])@server {
  all(federated_aggregate(longest(data, start), "", longer, longer), pair)
}
fn all(best: str, pair: str[2]) -> (str, str[2]) { (best, sort(pair)) }
"""

    def test_in_and_out(self):
        program = fedc.compile(source=self.PROGRAM)
        data = {
            "a": {"name": np.array(["x", "zoë"]), "tags": [["", "b"], ["c", "four"]]},
            "b": {"name": np.array([b"bytes in UTF-8 \xc3\xa9"], "S20"), "tags": np.array([["d", "e"]], object)},
            "c": {"name": [], "tags": np.empty((0, 2), "U1")},
        }
        best, pair = program.run(data, arguments={"start": "start", "pair": ["second", "first"]}).value
        self.assertEqual(best, "bytes in UTF-8 é")
        self.assertEqual(pair.tolist(), ["first", "second"])
        self.assertEqual(pair.dtype.kind, "U")

    def test_what_is_none(self):
        program = fedc.compile(source="fn main(x: str@server) -> i32@server { f(x) }\nfn f(x: str) -> i32 { len(x) }")
        self.assertEqual(program.run(arguments={"x": "é\0x"}).value, 4)
        for wrong, text in [(5, "`str`"), ("x" * 70000, "at most 65535"), ("\udcff", "not UTF-8"), (np.array(None, object), "has not")]:
            with self.assertRaisesRegex(fedc.UsageError, text):
                program.run(arguments={"x": wrong})


class Data(unittest.TestCase):
    def setUp(self):
        self.program = fedc.compile(source=SUMS)
        self.data = {"b": rows(1, 2, 3, 4, 5, 6), "a": rows(7, 8, 9)}

    def total(self, data, **options):
        return list(self.program.run(data, **options).state["total"])

    def test_whatever_holds_it(self):
        wanted = [12, 15, 18]
        self.assertEqual(self.total(self.data), wanted)
        self.assertEqual(self.total(self.data.items()), wanted)
        self.assertEqual(self.total((id, arrays) for id, arrays in self.data.items()), wanted)
        self.assertEqual(self.total([("x", rows(1, 2, 3)), ("y", rows(4, 5, 6, 7, 8, 9))]), wanted)
        self.assertEqual(self.total(fedc.Federation(self.data, self.data.__getitem__)), wanted)
        self.assertEqual(self.total({1: self.data["a"], 2: self.data["b"]}), wanted)

    def test_arrays_are_used_where_they_lie(self):
        """What is changed between rounds is what the next round reads."""
        data = {"a": rows(1, 2, 3)}

        def double(round):
            data["a"]["x"] *= 2

        result = self.program.run(data, rounds=3, progress=double)
        self.assertEqual(list(result.state["total"]), [7, 14, 21])

    def test_arrays_that_do_not_lie_right_are_copied(self):
        x = np.arange(12, dtype=np.float32).reshape(4, 3)
        flag = np.ones(2, bool)
        for name, strange in {
            "every other row": x[::2],
            "Fortran's order": np.asfortranarray(x[::2]),
            "big-endian": x[::2].astype(">f4"),
            "misaligned": np.frombuffer(b"." + x[::2].tobytes(), np.float32, offset=1).reshape(2, 3),
        }.items():
            self.assertEqual(self.total({"a": {"x": strange, "flag": flag}}), [6, 8, 10], name)

    def test_python_numbers(self):
        self.assertEqual(self.total({"a": {"x": [[1, 2, 3.5]], "flag": [True]}}), [1, 2, 3.5])
        with self.assertRaisesRegex(fedc.UsageError, "feature `flag` of client `a` is int64 in Python.*`bool`"):
            self.total({"a": {"x": [[1, 2, 3]], "flag": [1]}})

    def test_what_does_not_fit_is_named(self):
        flag = np.ones(1, bool)
        for features, text in [
            ({"x": np.zeros((1, 3)), "flag": flag}, r"feature `x` of client `eve` is `f64\[3\]` in the data, `f32\[3\]` in the program"),
            ({"x": np.zeros((1, 4), np.float32), "flag": flag}, r"feature `x` of client `eve` is `f32\[4\]` in the data, `f32\[3\]` in the program"),
            ({"x": np.zeros((2, 3), np.float32), "flag": flag}, "differ in length: .*2 rows, .*1"),
            ({"y": np.zeros((1, 3), np.float32), "flag": flag}, "client `eve` has no feature `x`, it has `y`, `flag`"),
            ({}, "client `eve` has no feature `x`: it has none"),
        ]:
            with self.assertRaisesRegex(fedc.RunError, text) as caught:
                self.program.run({"eve": features})
            self.assertRegex(caught.exception.code, r"^E\d{4}$")
            self.assertIn("-->", caught.exception.text)
        with self.assertRaisesRegex(fedc.UsageError, "feature `x` of client `eve` is an array of complex64, which Fed has not; the program wants `f32`"):
            self.program.run({"eve": {"x": np.zeros((1, 3), np.complex64), "flag": flag}})
        with self.assertRaisesRegex(fedc.UsageError, r"\(client, arrays\) pairs"):
            self.program.run(["eve"])
        with self.assertRaisesRegex(TypeError, "data is a int"):
            self.program.run(7)
        with self.assertRaisesRegex(fedc.RunError, "client `a` is given twice"):
            self.program.run([("a", rows(1, 2, 3)), ("a", rows(1, 2, 3))])
        with self.assertRaisesRegex(fedc.UsageError, "zero character"):
            self.program.run({"a\0b": rows(1, 2, 3)})

    def test_other_features_are_not_looked_at(self):
        data = {"a": {**rows(1, 2, 3), "name": np.array(["eve"]), "thing": object()}}
        self.assertEqual(self.total(data), [1, 2, 3])

    def test_lazy_clients(self):
        asked = []

        def read(id):
            asked.append(id)
            return self.data[id]

        result = self.program.run(fedc.Federation(["b", "a"], read), rounds=5)
        self.assertEqual(list(result.state["total"]), [60, 75, 90])
        self.assertEqual(sorted(asked), ["a", "b"], "each client once: it stays in memory")

        def fails(id):
            raise KeyError("no such file")

        with self.assertRaisesRegex(fedc.RunError, "client `a` cannot be read: KeyError") as caught:
            self.program.run(fedc.Federation(["b", "a"], fails))
        self.assertIsInstance(caught.exception.__cause__, KeyError)
        # Without a cache each round asks again.
        asked.clear()
        self.program.run(fedc.Federation(["b", "a"], read), rounds=3, data_cache=0)
        self.assertGreaterEqual(len(asked), 6)

    def test_some_of_the_clients(self):
        self.assertEqual(self.total(self.data, clients="0..1"), [7, 8, 9])
        self.assertEqual(self.total(self.data, clients="b"), [5, 7, 9])
        with self.assertRaisesRegex(fedc.UsageError, "`c`"):
            self.total(self.data, clients="c")
        result = self.program.run(self.data, eval_data=self.data, eval_clients="a")
        self.assertEqual(result.evaluations[0].clients, 1)
        self.assertEqual(self.program.evaluate(result, self.data, clients="a").report, result.evaluation)

    def test_paths_and_synthetic_clients(self):
        examples = Path(os.environ["FEDC_EXAMPLES"])
        program = fedc.compile(examples / "synthetic_regression.fed")
        result = program.run("synthetic:clients=7", rounds=1, clients_per_round="all")
        self.assertEqual((result.rounds[0].clients, result.evaluations), (7, []))
        analytics = fedc.compile(examples / "digit_counts.fed").run(examples / "data" / "digits_test.h5")
        self.assertEqual(analytics.value["clients"], 20)
        with self.assertRaisesRegex(fedc.RunError, "nowhere.h5"):
            program.run(Path("nowhere.h5"))

    def test_nobody_and_empty_clients(self):
        self.assertEqual(self.total({}), [0, 0, 0])
        self.assertEqual(self.total({"a": rows(1, 2, 3), "b": rows()}), [1, 2, 3])

    def test_nested_and_plain_features(self):
        nested = fedc.compile(source="""
            struct Point { x: f32, y: f32 }
            struct Row { at: Point, n: i32 }
            fn f(data: Row*) -> f32 { data.map(|r| r.at.x * r.at.y + f32(r.n)).sum() }
            fn main(data: {Row*}@clients) -> f32@server { federated_sum(f(data)) }
        """)
        self.assertEqual([str(leaf) for leaf in nested.features], ["at.x: f32", "at.y: f32", "n: i32"])
        at = {"x": np.float32([1, 2]), "y": np.float32([10, 20])}
        self.assertEqual(nested.run({"a": {"at": at, "n": np.int32([3, 4])}}).value, 57)
        plain = fedc.compile(source="fn main(data: {f32*}@clients) -> f32@server { federated_sum(data.sum()) }")
        self.assertEqual(plain.run({"a": np.float32([1, 2]), "b": {"whatever": np.float32([4])}}).value, 7)


class Runs(unittest.TestCase):
    def setUp(self):
        self.program = fedc.compile(source=SUMS)
        self.data = {"b": rows(1, 2, 3, 4, 5, 6), "a": rows(7, 8, 9)}

    def test_results(self):
        result = self.program.run(self.data, rounds=2)
        self.assertEqual(list(result.state), ["total", "rows"])
        self.assertIsInstance(result.state["rows"], np.int32)
        self.assertEqual(result.report["flags"], 2)
        self.assertEqual(result.history["mean"].shape, (2, 3))
        self.assertEqual(list(result.history["rows"]), [3, 3])
        self.assertIsNone(result.value)
        self.assertEqual([str(leaf) for leaf in self.program.report], ["mean: f32[3]", "rows: i32", "flags: i32"])

    def test_progress(self):
        heard = []
        self.program.run(self.data, rounds=3, progress=heard.append)
        self.assertEqual([(r.round, r.rounds, r.clients, int(r.report["rows"])) for r in heard], [(1, 3, 2, 3), (2, 3, 2, 3), (3, 3, 2, 3)])
        result = self.program.run(self.data, rounds=9, progress=lambda round: round.round < 4)
        self.assertEqual((result.last_round, result.stopped, len(result.rounds)), (4, True, 4))

        def fails(round):
            raise ZeroDivisionError("in a callback")

        with self.assertRaisesRegex(ZeroDivisionError, "in a callback"):
            self.program.run(self.data, rounds=1000000, progress=fails)

    def test_reports_of_clients(self):
        program = fedc.compile(source="""
            struct Row { x: f32 }
            struct Seen { n: i32, sum: f32 }
            fn look(data: Row*) -> Seen { Seen { n: data.count(), sum: data.map(|r| r.x).sum() } }
            let main = process(
              init = |k| federated_value(0, server),
              next = |s, data: {Row*}@clients, k| { let seen = look(data); (s, (federated_sum(seen.n), seen)) },
              evaluate = |s, data: {Row*}@clients| look(data).sum,
            );
        """)
        data = {"a": np.float32([1, 2]), "b": np.float32([]), "c": np.float32([4])}
        data = {client: {"x": x} for client, x in data.items()}
        result = program.run(data, eval_data=data, rounds=1)
        self.assertEqual(result.rounds[0].client_ids, ["a", "b", "c"])
        self.assertEqual(result.report["value"], 3)
        np.testing.assert_array_equal(result.rounds[0].of_clients["n"], [2, 0, 1])
        np.testing.assert_array_equal(result.rounds[0].of_clients["sum"], [3, 0, 4])
        self.assertEqual(result.evaluations[0].client_ids, ["a", "b", "c"])
        np.testing.assert_array_equal(result.evaluations[0].of_clients["value"], [3, 0, 4])
        self.assertEqual(self.program.run(self.data).rounds[0].client_ids, [])

    def test_ctrl_c_ends_a_run_after_its_round(self):
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            self.program.run(self.data, rounds=10**9)
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_evaluations(self):
        heard = []
        result = self.program.run(self.data, rounds=4, eval_data={"e": rows(0, 0, 0)}, eval_every=2, evaluated=heard.append)
        self.assertEqual([r.round for r in heard], [2, 4])
        (value,) = result.evaluation.values()
        self.assertEqual(value, 4 * (12 + 15 + 18) + 1)
        with self.assertRaisesRegex(fedc.UsageError, "no data is given to evaluate on"):
            self.program.evaluate(result)

    def test_going_on(self):
        whole = self.program.run(self.data, rounds=6, clients_per_round=1, seed=3)
        half = self.program.run(self.data, rounds=2, clients_per_round=1, seed=3)
        rest = self.program.run(self.data, rounds=6, clients_per_round=1, seed=3, state=half)
        self.assertEqual(rest.rounds[0].round, 3)
        np.testing.assert_array_equal(rest.state["total"], whole.state["total"])
        start = self.program.run(self.data, rounds=1, state={"total": np.float32([100, 0, 0]), "rows": 5})
        self.assertEqual(list(start.state["total"]), [112, 15, 18])
        self.assertEqual(start.state["rows"], 8)
        with self.assertRaisesRegex(fedc.Error, "has no `rows`"):
            self.program.run(self.data, state={"total": np.float32([100, 0, 0])})

    def test_clients_keep_their_state_within_a_run(self):
        program = fedc.compile(source="""
            fn init(k: key@server) -> (f32@server, {f32}@clients) { (federated_value(0.0, server), federated_value(0.0, clients)) }
            fn next(s: (f32@server, {f32}@clients), data: {f32*}@clients, k: key@server) -> ((f32@server, {f32}@clients), f32@server) {
              let kept = s.1 + data.sum();
              ((s.0, kept), federated_sum(kept))
            }
            let main = process(init, next);
        """)
        data = {"a": np.float32([1]), "b": np.float32([2])}
        result = program.run(data, rounds=3)
        self.assertEqual([next(iter(round.report.values())) for round in result.rounds], [3, 6, 9])

        def reports(result):
            return [next(iter(round.report.values())) for round in result.rounds]

        # A result is gone on from as often as one likes.
        for _ in range(2):
            self.assertEqual(reports(program.run(data, rounds=5, state=result)), [12, 15])
        self.assertEqual(reports(program.run({"b": data["b"], "c": np.float32([5])}, rounds=4, state=result)), [8 + 5])
        fourth = program.run(data, rounds=4, state=result)
        self.assertEqual(reports(program.run(data, rounds=5, state=fourth)), [15])
        # What clients keep does not leave the process.
        copied = pickle.loads(pickle.dumps(result))
        self.assertEqual(reports(copied), [3, 6, 9])
        with self.assertRaisesRegex(fedc.UsageError, "clients of this program have state of their own"):
            program.run(data, rounds=4, state=copied)
        other = fedc.compile(source="""
            fn init(k: key@server) -> (f32@server, {f32[2]}@clients) { (federated_value(0.0, server), federated_value(zeros(), clients)) }
            fn next(s: (f32@server, {f32[2]}@clients), data: {f32*}@clients, k: key@server) -> ((f32@server, {f32[2]}@clients), f32@server) {
              let kept = s.1 + data.sum();
              ((s.0, kept), federated_sum(sum(kept)))
            }
            let main = process(init, next);
        """)
        with self.assertRaisesRegex(fedc.Error, "the client states given are"):
            other.run(data, rounds=4, state=result)

    def test_params(self):
        wide = fedc.compile(source=SUMS, params={"width": 2, "scale": np.float32(0.5)})
        data = {"a": {"x": np.float32([[2, 4]]), "flag": [True]}}
        self.assertEqual(list(wide.run(data).state["total"]), [1, 2])
        self.assertEqual(list(wide.run(data, params={"scale": 3}).state["total"]), [6, 12])
        self.assertEqual(fedc.compile(source=SUMS, params={"scale": 1e-05}).run({"a": rows(1, 2, 3)}).state["total"][0], np.float32(1e-05))
        with self.assertRaisesRegex(fedc.CompileError, "widht"):
            fedc.compile(source=SUMS, params={"widht": 2})

    def test_numbers_out_of_range(self):
        for options in ({"rounds": -1}, {"rounds": 2**31}, {"rounds": 1.5}, {"seed": -1}, {"threads": -1}, {"clients_per_round": 0}, {"clients_per_round": 3}):
            with self.assertRaises(fedc.UsageError, msg=str(options)):
                self.program.run(self.data, **options)

    def test_threads_of_python(self):
        found = []
        threads = [threading.Thread(target=lambda: found.append(list(self.program.run(self.data, rounds=20, threads=1).state["total"]))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [[240, 300, 360]] * 4)


class Mains(unittest.TestCase):
    def test_arguments(self):
        program = fedc.compile(source="""
            struct Point { x: f32, y: f32 }
            struct Both { sum: f32, row: i32[2] }
            fn main(p: Point@server, row: i32[2]@server) -> Both@server { Both { sum: p.x + p.y, row: row * 2 } }
        """)
        value = program.run(arguments={"p": {"x": 1.5, "y": 2}, "row": [3, -4]}).value
        self.assertEqual(value["sum"], 3.5)
        self.assertEqual(list(value["row"]), [6, -8])
        with self.assertRaisesRegex(fedc.UsageError, "argument `row` of `main` has no value"):
            program.run(arguments={"p": {"x": 1.5, "y": 2}})
        with self.assertRaisesRegex(fedc.UsageError, "argument `row` is float64 in Python"):
            program.run(arguments={"p": {"x": 1.5, "y": 2}, "row": [3.5, -4]})
        with self.assertRaisesRegex(fedc.UsageError, "argument `row` is int64 in Python, or out of range"):
            program.run(arguments={"p": {"x": 1.5, "y": 2}, "row": [2**40, -4]})

    def test_plain_and_tuple_results(self):
        self.assertEqual(fedc.compile(source="fn main(x: f32@server) -> f32@server { 2 * x }").run(arguments={"x": 4}).value, 8)
        value = fedc.compile(source="fn main(x: f32@server) -> (f32@server, i32@server) { (x, i32(x)) }").run(arguments={"x": 2.5}).value
        self.assertEqual(value, (2.5, 2))

    def test_every_element_type(self):
        for name, dtype in {
            "bool": bool, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32,
            "u64": np.uint64, "f16": np.float16, "f32": np.float32, "f64": np.float64,
        }.items():
            program = fedc.compile(source=f"fn main(x: {name}[2]@server) -> {name}[2]@server {{ x }}")
            for value in (np.array([0, 1], dtype), np.array([1, 0], dtype) if dtype is bool else np.array([np.inf, 1.5], dtype) if dtype(1.5) == 1.5 else
                          np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)):
                out = program.run(arguments={"x": value}).value
                self.assertEqual((out.dtype, out.tobytes()), (value.dtype, value.tobytes()), name)

    def test_bf16_is_float32_in_numpy(self):
        program = fedc.compile(source="fn main(x: bf16[2]@server) -> bf16[2]@server { x + x }")
        value = program.run(arguments={"x": np.float32([1.5, -3])}).value
        self.assertEqual((value.dtype, list(value)), (np.float32, [3, -6]))
        with self.assertRaisesRegex(fedc.UsageError, "numbers that `bf16` does not have"):
            program.run(arguments={"x": np.float32([1.001, 0])})


class Errors(unittest.TestCase):
    def test_compile_errors(self):
        with self.assertRaises(fedc.CompileError) as caught:
            fedc.compile(source="fn main() -> f32@server { 1 + true }\nfn other() -> f32 { y }\n", name="wrong.fed")
        error = caught.exception
        self.assertEqual(len(error.problems), 2)
        self.assertRegex(error.code, r"^E\d{4}$")
        self.assertEqual(error.file, "wrong.fed")
        self.assertEqual(error.problems[1].span, ((2, 21), (2, 22)))
        self.assertIn("fn other() -> f32 { y }", str(error))
        self.assertIsInstance(error, fedc.Error)

    def test_files(self):
        with self.assertRaisesRegex(fedc.CompileError, "nowhere.fed"):
            fedc.compile("nowhere.fed")
        with self.assertRaises(TypeError):
            fedc.compile()
        with self.assertRaises(TypeError):
            fedc.compile("a.fed", source="")

    def test_modules(self):
        program = fedc.compile(source="use mine.{twice};\nfn main(x: f32@server) -> f32@server { twice(x) }", modules={"mine": "fn twice(x: f32) -> f32 { 2 * x }"})
        self.assertEqual(program.run(arguments={"x": 3}).value, 6)

    def test_a_text_reads_no_file_and_the_library_is_inside(self):
        """But for those who change the library, and say where theirs is."""
        program = "import fedc, sys; fedc.compile(source=sys.argv[1])"
        with tempfile.TemporaryDirectory() as folder:
            def compiles(source, **environment):
                return subprocess.run([sys.executable, "-c", program, source], cwd=folder, env={**os.environ, **environment}, capture_output=True).returncode == 0

            Path(folder, "mine.fed").write_text("fn twice(x: f32) -> f32 { 2 * x }\n")
            self.assertFalse(compiles("use mine.{twice};\nfn main(x: f32@server) -> f32@server { twice(x) }"))
            source = "use math.{twice};\nfn main(x: f32@server) -> f32@server { twice(x) }"
            library = Path(folder, "library")
            shutil.copytree(Path(os.environ["FEDC_EXAMPLES"]).parent / "stdlib", library)
            with open(library / "math.fed", "a") as math:
                math.write("\n/// Two of it.\nfn twice(x: f32) -> f32 { 2 * x }\n")
            self.assertFalse(compiles(source))
            self.assertTrue(compiles(source, FEDC_STDLIB=str(library)))

    def test_a_check_that_fails(self):
        program = fedc.compile(source="fn f(data: f32*) -> f32 { assert(data.count() > 1, \"too few\"); data.sum() }\n"
                                      "fn main(data: {f32*}@clients) -> f32@server { federated_sum(f(data)) }\n")
        with self.assertRaisesRegex(fedc.RunError, "too few") as caught:
            program.run({"a": np.float32([1, 2]), "b": np.float32([1])})
        self.assertEqual((caught.exception.client, caught.exception.span[0][0]), ("b", 1))

    def test_nothing_to_run(self):
        with self.assertRaisesRegex(fedc.RunError, "nothing to run"):
            fedc.compile(source="fn f(x: f32) -> f32 { x }").run()

    def test_warnings(self):
        self.assertEqual(fedc.compile(source=SUMS).warnings, [])


class Package(unittest.TestCase):
    def test_versions_agree(self):
        self.assertEqual(fedc.version(), fedc.__version__)
        project = (Path(fedc.__file__).parents[1] / "pyproject.toml").read_text()
        self.assertIn(f'version = "{fedc.__version__}"', project)

    def test_every_function_of_the_header_is_declared(self):
        from fedc import _library

        header = os.environ.get("FEDC_HEADER") or Path(__file__).resolve().parents[2] / "include" / "fedc" / "c.h"
        declared = set(re.findall(r"FEDC_API [^;]*?(fedc_\w+)\(", Path(header).read_text()))
        self.assertGreater(len(declared), 50)
        self.assertEqual(declared, set(_library._FUNCTIONS))

    def test_structs_have_the_headers_layout(self):
        from fedc import _library

        self.assertEqual(ctypes.sizeof(_library.Array), 24)
        self.assertEqual(ctypes.sizeof(_library.NamedArray), 32)
        self.assertEqual(ctypes.sizeof(_library.CRound), 72)
        self.assertEqual(ctypes.sizeof(_library.CProblem), 56)


if __name__ == "__main__":
    unittest.main()
