#!/usr/bin/python3
"""Runs the fuzz targets of a build (docs/testing.md), JOBS of them at a time:

    scripts/fuzz.py [--build build-asan-ubsan] [--seconds 60 | --runs N] [--max-length N] [--jobs 2] [--seed 1] [TARGET…]

Each begins with tests/fuzz/corpus/TARGET, tests/fuzz/regressions/TARGET, what `seeds` below makes of the repository's own files, and what earlier
runs have kept in BUILD/corpus/TARGET. A finding is a file in BUILD/findings; the exit code is then 1.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Longer inputs are slower, not more telling.
MAX_LENGTH = {"artifact": 65536, "program": 4096, "hdf5": 1024, "command_line": 512}
# Choosing by entropy takes longer than these targets' inputs.
UNIFORM = {"program"}
# The slowest input that is not a finding, in seconds, under sanitizers.
TIMEOUT = 60


def programs():
    for folder in ("stdlib", "examples", "tests"):
        for path in sorted((ROOT / folder).rglob("*.fed")):
            if "fuzz" not in path.parts:
                yield path


def emitted(fedc, stage):
    """What `fedc emit STAGE` prints of every program that compiles."""
    for path in programs():
        done = subprocess.run([fedc, "emit", stage, path], capture_output=True, check=False)
        if done.returncode == 0 and len(done.stdout) > 1:
            yield path.stem, done.stdout


def kernels(fedc):
    """Nests before and after the plan, a function a file: what the reader of Kernel IR takes."""
    for name, text in emitted(fedc, "kernel"):
        for i, part in enumerate(re.split(rb"\n(?=kernel )", text)):
            if part.startswith(b"kernel "):
                yield f"{name}_{i}", part


def run_directories(fedc):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        program = ROOT / "examples/digits_softmax.fed"
        subprocess.run([fedc, "run", program, "--rounds", "2", "--out", out], capture_output=True, check=True)
        files = ["run.json", "metrics.csv", "evaluations.csv", "clients.csv", "state/checkpoint.npz"]
        yield "digits", b"\n====\n".join((out / file).read_bytes() if (out / file).exists() else b"" for file in files)


def weights(_):
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "w"
        arrays = {"w": numpy.ones((2, 3), "f4"), "b": numpy.zeros(3, "f4"), "k": numpy.array([1, 2], "u4")}
        for name, save in (("stored", numpy.savez), ("deflated", numpy.savez_compressed)):
            save(path, **arrays)
            yield name, path.with_suffix(".npz").read_bytes()
        for i, array in enumerate((numpy.asfortranarray(arrays["w"]), numpy.ones((), "f8"), numpy.zeros((0, 5), "?"), numpy.ones(2, "f2"))):
            numpy.save(path, array)
            yield f"npy{i}", path.with_suffix(".npy").read_bytes()


def texts(_):
    for path in programs():
        yield "_".join(path.relative_to(ROOT).parts), path.read_bytes()


def command_lines(_):
    for page in ("README.md", "docs/command-line.md", "docs/data.md"):
        for i, words in enumerate(re.findall(r"^\$ fedc (.*)$", (ROOT / page).read_text(), re.M)):
            yield f"{pathlib.Path(page).stem}_{i}", "\n".join(words.split()).encode()
    for i, words in enumerate(re.findall(r"^// run: (.*)$", "\n".join(p.read_text() for p in programs()), re.M)):
        yield f"program_{i}", "\n".join(["run", "x.fed", *words.split()]).encode()


def artifacts(fedc):
    """What the cache holds of the examples, without the file's head: magic, lengths of key and content, checksum."""
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((ROOT / "examples").glob("*.fed")):
            cache = pathlib.Path(folder) / path.stem
            command = [fedc, "run", path, "--rounds", "0"]
            subprocess.run(command, capture_output=True, check=False, cwd=folder, env={**os.environ, "FEDC_CACHE": str(cache)})
            for i, file in enumerate(sorted(cache.glob("*.artifact"))):
                content = file.read_bytes()
                yield f"{path.stem}_{i}", content[32 + int.from_bytes(content[8:16], "little"):]


SEEDS = {
    "artifact": artifacts,
    "program": texts,
    "core_text": lambda fedc: emitted(fedc, "core"),
    "kernel_text": kernels,
    "run_directory": run_directories,
    "weights": weights,
    "command_line": command_lines,
}


def seeds(name, fedc, folder):
    """The folder of a target's seeds, made once a build."""
    if folder.exists():
        return
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for seed, content in SEEDS.get(name, lambda _: [])(fedc):
        (part / seed).write_bytes(content)
    part.rename(folder)


def dictionary(name, path):
    """The words of a target's language: those of the grammar, of the builtins, of the ops, of the flags."""
    words = set()
    if name == "program":
        words |= {w for w in re.findall(r"'([^'\s\\]+)'", (ROOT / "grammar/Fed.g4").read_text())}
        words |= set(re.findall(r"\b(?:fn|struct|let) (\w+)", "\n".join(p.read_text() for p in (ROOT / "stdlib").rglob("*.fed"))))
        words |= set(re.findall(r'^FEDC_BUILTIN\(\w+, "(\w+)"', (ROOT / "compiler/check/builtins.def").read_text(), re.M))
    elif name in ("core_text", "kernel_text"):
        sources = list((ROOT / "compiler/core").rglob("*.cpp")) + [ROOT / "compiler/kernel/read.cpp"] + list((ROOT / "compiler/core").rglob("*.def"))
        words |= set(re.findall(r'"([a-z_0-9]{2,20}|[-(){}\[\]<>=+*,;:|@!?.]{1,3})"', "\n".join(p.read_text() for p in sources)))
    elif name == "command_line":
        words |= set(re.findall(r'"(-{0,2}[a-z][a-z-]{1,20})"', (ROOT / "tools/fedc/command_line.cpp").read_text()))
        words |= set(re.findall(r'"([a-z_]{2,20})"', (ROOT / "tools/fedc/settings.cpp").read_text()))
    elif name in ("run_directory", "weights"):
        words |= {"fortran_order", "descr", "shape", "True", "False", "<f4", "<u4", "====", "format", "arguments", "PK", ".round"}
    quoted = (w.replace("\\", "\\\\").replace('"', '\\"') for w in sorted(words))
    path.write_text("".join(f'"{w}"\n' for w in quoted))


def run(name, options):
    build = options.build
    for folder in ("corpus", "seeds", "findings", "log"):
        (build / folder).mkdir(parents=True, exist_ok=True)
    corpus = build / "corpus" / name
    corpus.mkdir(exist_ok=True)
    words = build / "seeds" / f"{name}.dict"
    dictionary(name, words)
    given = [ROOT / "tests/fuzz" / kind / name for kind in ("corpus", "regressions")] + [build / "seeds" / name]
    limit = f"-runs={options.runs}" if options.runs else f"-max_total_time={options.seconds}"
    command = [build / "bin" / f"fuzz_{name}", limit, f"-seed={options.seed}", f"-timeout={TIMEOUT}", "-rss_limit_mb=4096"]
    command += [f"-max_len={options.max_length or MAX_LENGTH.get(name, 8192)}", f"-entropic={int(name not in UNIFORM)}", "-print_final_stats=1", f"-artifact_prefix={build}/findings/{name}-"]
    if words.stat().st_size:
        command.append(f"-dict={words}")
    command += [corpus] + [folder for folder in given if folder.is_dir()]
    log = build / "log" / f"{name}.log"
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1", UBSAN_OPTIONS="print_stacktrace=1")
    start = time.time()
    with log.open("wb") as out:
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=environment, check=False).returncode
    text = log.read_text(errors="replace")
    runs = re.search(r"stat::number_of_executed_units: *(\d+)", text)
    edges = re.findall(r" cov: (\d+)", text)
    print(
        f"[fuzz: {name}] {'no finding' if code == 0 else 'FINDING'}, {int(runs.group(1)) if runs else 0:,} inputs in {time.time() - start:.0f} s, "
        f"{int(edges[-1]) if edges else 0:,} edges",
        flush=True,
    )
    if code != 0:
        print("\n".join(text.splitlines()[-40:]))
        print(f"the whole log is {log}; again: {command[0]} {build}/findings/{name}-…", flush=True)
    return code == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-asan-ubsan")
    parser.add_argument("--fedc", type=pathlib.Path, default=ROOT / "build/bin/fedc", help="makes the seeds")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--max-length", type=int, default=0, help="of an input, in bytes; 0: the target's usual one")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer's choices; 0: another one each time")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    options.build = options.build.resolve()
    names = options.targets or sorted(path.stem for path in (ROOT / "tests/fuzz").glob("*.cpp"))
    (options.build / "seeds").mkdir(parents=True, exist_ok=True)
    for name in names:
        seeds(name, options.fedc, options.build / "seeds" / name)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        sys.exit(0 if all(list(pool.map(lambda name: run(name, options), names))) else 1)


if __name__ == "__main__":
    main()
