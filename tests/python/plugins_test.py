#!/usr/bin/env python3
"""Native functions from Python: `plugins=` (docs/native.md). The plugin is that of examples/extend/native_erfinv, in FEDC_PLUGINS."""
import math
import os
import unittest
from pathlib import Path

import fedc

PROGRAM = Path(os.environ["FEDC_EXAMPLES"]) / "extend" / "native_erfinv" / "erfinv.fed"
PLUGIN = Path(os.environ["FEDC_PLUGINS"]) / "erfinv.so"


class Plugins(unittest.TestCase):
    def test_both_ways_call_it(self):
        for interpret in (False, True):
            program = fedc.compile(PROGRAM, plugins=[PLUGIN], interpret=interpret)
            self.assertEqual(program.arguments[0].name, "fraction")
        one = fedc.compile(source='native fn erfinv(x: f32) -> f32 = "my_erfinv";\nfn main(x: f32[3]) -> f32[3] { erfinv(x) }', plugins=[PLUGIN])
        for found, x in zip(one.run(arguments={"x": [-0.5, 0.0, 0.5]}).value, (-0.5, 0.0, 0.5)):
            self.assertAlmostEqual(math.erf(found), x, places=6)

    def test_none_is_looked_for(self):
        with self.assertRaises(fedc.CompileError) as caught:
            fedc.compile(PROGRAM)
        self.assertIn("E0520", str(caught.exception))

    def test_what_is_none(self):
        with self.assertRaises(fedc.CompileError) as caught:
            fedc.compile(PROGRAM, plugins=[PROGRAM])
        self.assertIn("is no shared library that can be loaded", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
