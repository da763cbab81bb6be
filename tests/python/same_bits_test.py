#!/usr/bin/env python3
"""What the package gives is what `fedc run` gives for the same program and data, bit for bit."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

import fedc

FEDC = os.environ["FEDC_BINARY"]
EXAMPLES = Path(os.environ["FEDC_EXAMPLES"])


def clients_of(path):
    """An HDF5 federation as arrays in memory."""
    with h5py.File(path) as file:
        return {id: {name: feature[()] for name, feature in group.items()} for id, group in file["examples"].items()}


def command_line(*arguments):
    """The JSON lines of a run by the program `fedc`."""
    done = subprocess.run([FEDC, "run", *map(str, arguments), "--no-out", "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


class SameBits(unittest.TestCase):
    def setUp(self):
        self.train = clients_of(EXAMPLES / "data" / "digits_train.h5")
        self.test = clients_of(EXAMPLES / "data" / "digits_test.h5")

    def assert_reports(self, rounds, events):
        self.assertEqual([round.round for round in rounds], [event["round"] for event in events])
        for round, event in zip(rounds, events):
            self.assertEqual(round.clients, event["clients"])
            for name, value in event["metrics"].items():
                self.assertEqual(round.report[name], np.float32(value), name)

    def test_digits(self):
        program = EXAMPLES / "digits_softmax.fed"
        with tempfile.TemporaryDirectory() as folder:
            saved = Path(folder) / "state.npz"
            events = command_line(program, "--rounds", 7, "--seed", 11, "--eval-every", 3, "-p", "lr=0.3", "--save", saved)
            state = dict(np.load(saved))
        result = fedc.compile(program).run(
            # In another order, and half of it not aligned to more than its elements.
            dict(reversed(self.train.items())), rounds=7, seed=11, eval_data=iter(self.test.items()), eval_every=3, params={"lr": 0.3}
        )
        self.assertEqual(set(result.state), set(state))
        for name, array in state.items():
            self.assertEqual(result.state[name].dtype, array.dtype)
            self.assertEqual(result.state[name].tobytes(), array.tobytes(), name)
        self.assert_reports(result.rounds, [e for e in events if e["event"] == "round"])
        self.assert_reports(result.evaluations, [e for e in events if e["event"] == "eval"])
        self.assertEqual(result.rounds[0].clients, 10)

    def test_the_run_block_is_the_default(self):
        program = EXAMPLES / "three_clients.fed"
        events = command_line(program)
        result = fedc.compile(program).run()
        self.assert_reports(result.rounds, [e for e in events if e["event"] == "round"])
        self.assertEqual(len(result.rounds), 5)

    def test_unaligned_arrays(self):
        """The same numbers at every address that an element may have."""
        program = fedc.compile(EXAMPLES / "digits_softmax.fed")
        wanted = None
        for shift in (0, 4, 20, 60):
            clients = {}
            for id, client in list(self.train.items())[:3]:
                memory = np.zeros(client["pixels"].nbytes + 128, np.uint8)
                begin = -memory.ctypes.data % 64 + shift
                pixels = memory[begin : begin + client["pixels"].nbytes].view(np.float32).reshape(client["pixels"].shape)
                pixels[...] = client["pixels"]
                clients[id] = {"pixels": pixels, "label": client["label"]}
            state = program.run(clients, rounds=2, clients_per_round="all").state["w"].tobytes()
            wanted = wanted or state
            self.assertEqual(state, wanted, shift)

    def test_evaluate_alone(self):
        program = fedc.compile(EXAMPLES / "digits_softmax.fed")
        result = program.run(self.train, rounds=2, eval_data=self.test)
        alone = program.evaluate(result, self.test)
        self.assertEqual(alone.report, result.evaluation)
        self.assertEqual(alone.clients, 20)
        with tempfile.TemporaryDirectory() as folder:
            saved = Path(folder) / "state.npz"
            np.savez(saved, **result.state)
            events = command_line(EXAMPLES / "digits_softmax.fed", "--rounds", 0, "--init", saved)
        self.assert_reports([alone], [e for e in events if e["event"] == "eval"])

    def test_main(self):
        for name in ("digit_counts", "ridge", "temperature"):
            done = subprocess.run([FEDC, "run", EXAMPLES / f"{name}.fed"], capture_output=True, text=True, check=True)
            value = fedc.compile(EXAMPLES / f"{name}.fed").run(self.train).value
            self.assert_value(value, json.loads(done.stdout))

    def assert_value(self, value, wanted):
        if isinstance(wanted, dict):
            self.assertEqual(list(value), list(wanted))
            for key in wanted:
                self.assert_value(value[key], wanted[key])
        else:
            np.testing.assert_array_equal(value, np.array(wanted, dtype=value.dtype))

    def test_the_interpreter(self):
        source = """
            struct Row { x: f32[5], n: i64 }
            fn mean_of(data: Row*) -> f32[5] { data.map(|r| exp(r.x) / f32(r.n)).sum() / f32(data.count()) }
            fn main(data: {Row*}@clients) -> f32[5]@server { federated_mean(mean_of(data)) }
        """
        random = np.random.default_rng(5)
        data = {f"c{i}": {"x": random.normal(size=(i + 1, 5)).astype(np.float32), "n": np.arange(1, i + 2)} for i in range(9)}
        native = fedc.compile(source=source).run(data).value
        interpreted = fedc.compile(source=source, interpret=True).run(data).value
        self.assertEqual(native.tobytes(), interpreted.tobytes())


if __name__ == "__main__":
    unittest.main()
