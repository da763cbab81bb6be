#!/usr/bin/env python3
"""Native functions from Python: `plugins=` (docs/native.md). The plugin is that of examples/extend/native_erfinv, in FEDC_PLUGINS."""
import math
import os
import unittest
from pathlib import Path

import numpy as np

import fedc

PROGRAM = Path(os.environ["FEDC_EXAMPLES"]) / "extend" / "native_erfinv" / "erfinv.fed"
PLUGIN = Path(os.environ["FEDC_PLUGINS"]) / "erfinv.so"


class Plugins(unittest.TestCase):
    def test_both_ways_call_it(self):
        fedc.compile(PROGRAM, plugins=[PLUGIN])
        given = np.array([-0.5, 0.0, 0.5], np.float32)
        source = 'native fn erfinv(x: f32) -> f32 = "my_erfinv";\nfn main(x: f32[3]) -> f32[3] { erfinv(x) }'
        for interpret in (False, True):
            program = fedc.compile(source=source, plugins=[PLUGIN], interpret=interpret)
            for found, x in zip(program.run(arguments={"x": given}).value, given):
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
