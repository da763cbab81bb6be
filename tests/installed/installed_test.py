#!/usr/bin/env python3
"""What `cmake --install` puts down works by itself:  installed_test.py --build build --cmake cmake --cxx c++ --cc cc

Installs with DESTDIR, moves the tree to where nobody expected it, and there builds and runs the examples in C++ and C, the Python tests and example, the program
itself. What the installed library shows is what its headers say. Every program runs with an environment of its own."""
import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

source = Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
for flag in ("--build", "--cmake", "--cxx", "--cc"):
    parser.add_argument(flag, required=True)
args = parser.parse_args()
build = Path(args.build).resolve()
scratch = build / "installed"
prefix = scratch / "moved"
environment = {"PATH": "/usr/bin:/bin", "HOME": str(scratch / "home"), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def run(*command, **options):
    command = [str(word) for word in command]
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, env={**environment, **options.pop("env", {})}, text=True, capture_output=True, **options)
    print(done.stdout + done.stderr, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"failed with {done.returncode}: {' '.join(command)}")
    return done.stdout


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")


def install():
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "home").mkdir(parents=True)
    # Debian's layout at any rate: what was configured is the build's affair.
    run(args.cmake, "--install", build, "--prefix", "/opt/fedc", env={"DESTDIR": str(scratch / "destdir")})
    (scratch / "destdir" / "opt" / "fedc").rename(prefix)
    for path in (
        "bin/fedc", "include/fedc/fedc.h", "include/fedc/c.h", "include/fedc/export.h", "include/fedc/plugin.h", "share/fedc/stdlib/prelude.fed", "share/fedc/stdlib/learn/fed_avg.fed",
        "share/fedc/examples/digits_softmax.fed", "share/fedc/examples/data/digits_train.h5", "share/fedc/editors/vim", "share/fedc/python/pyproject.toml",
        "share/bash-completion/completions/fedc", "share/zsh/site-functions/_fedc", "share/fish/vendor_completions.d/fedc.fish",
        "share/man/man1/fedc.1",
    ):
        expect((prefix / path).exists(), f"{path} is installed")
    for name in ("LICENSE", "embedding.md", "install.md", "reference/index.html", "reference/search.js"):
        expect(list((prefix / "share" / "doc").rglob(name)), f"{name} is installed")
    for text in prefix.rglob("*.cmake"):
        expect(str(build) not in text.read_text() and str(source) not in text.read_text(), f"{text.name} names no folder of the build")


def library():
    (found,) = prefix.glob("lib*/**/libfedc.so.0")
    return found


def symbols():
    """Only what the headers declare, and nothing of what it is made of."""
    told = run("nm", "-D", "--defined-only", "--format=posix", "--demangle", library()).splitlines()
    names = {line.rsplit(" ", 3)[0].split("@")[0] for line in told}
    header = (prefix / "include" / "fedc" / "c.h").read_text()
    wanted = set(re.findall(r"FEDC_API [^;]*?(fedc_\w+)\(", header))
    expect(wanted <= names, f"the library has {wanted - names}")
    strange = {name for name in names - wanted - {"FEDC_1"} if not re.match(r"fedc::(version|nameOf|bytesOf|stringNumber|stringText|compile|compileFile|Failure|Federation|Program)\b", name)}
    expect(not strange, f"nothing else is shown: {sorted(strange)[:20]}")
    expect("libfedc.so.0]" in run("readelf", "-d", library()), "the soname is libfedc.so.0")
    for file in (prefix / "include" / "fedc").glob("*.h"):
        used = set(re.findall(r'#include [<"]([^>"]+)', file.read_text()))
        expect(all("/" not in name or name.startswith("fedc/") for name in used), f"{file.name} includes only the standard library and its own: {used}")


def embedding():
    """The examples in C++ and C, by find_package. The line is y = 2x - 1."""
    folder = prefix / "share" / "fedc" / "examples" / "embedding"
    out = scratch / "embedding"
    run(args.cmake, "-S", folder, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={args.cxx}", f"-DCMAKE_C_COMPILER={args.cc}",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror", "-DCMAKE_C_FLAGS=-std=c11 -Wall -Wextra -Wpedantic -Werror")
    run(args.cmake, "--build", out)
    cpp, c = run(out / "fit", folder / "fit.fed"), run(out / "fit_c", folder / "fit.fed")
    expect(cpp == c, "C++ and C print the same")
    slope, offset = re.search(r"slope (\S+) offset (\S+)", cpp).groups()
    expect(abs(float(slope) - 2) < 0.01 and abs(float(offset) + 1) < 0.01, "the line is y = 2x - 1")
    expect(str(library()) in run("ldd", out / "fit"), "it is the installed library")


def native():
    """The example of a plugin, by find_package; the installed fedc runs its tests and its program."""
    folder = prefix / "share" / "fedc" / "examples" / "extend" / "native_erfinv"
    out = scratch / "native"
    run(args.cmake, "-S", folder, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_COMPILER={args.cc}", "-DCMAKE_C_FLAGS=-std=c11 -Wall -Wextra -Wpedantic -Werror")
    run(args.cmake, "--build", out)
    plugin = out / "erfinv.so"
    expect("libfedc" not in run("ldd", plugin), "a plugin links nothing of fedc")
    fedc = prefix / "bin" / "fedc"
    run(fedc, "check", folder / "erfinv.fed", "--plugin", plugin)
    expect("3 passed" in run(fedc, "test", folder / "erfinv.fed", "--plugin", plugin), "its tests pass")
    told = run(fedc, "run", folder / "erfinv.fed", "--plugin", plugin, "--arg", "fraction=[0.1, 0.5, 0.8]", cwd=scratch)
    expect(abs(float(told) + 0.146643) < 1e-5, "the mean is as computed by hand")


def program():
    fedc = prefix / "bin" / "fedc"
    told = run(fedc, "doctor")
    expect(str(prefix / "share" / "fedc" / "stdlib") in told, "`fedc` finds the installed standard library")
    run(fedc, "run", prefix / "share" / "fedc" / "examples" / "digits_library.fed", "--rounds", "2", cwd=scratch)


def python():
    examples = prefix / "share" / "fedc" / "examples"
    package = prefix / "share" / "fedc" / "python"
    env = {"PYTHONPATH": str(package), "FEDC_BINARY": str(prefix / "bin" / "fedc"), "FEDC_EXAMPLES": str(examples), "FEDC_PLUGINS": str(scratch / "native"),
           "FEDC_HEADER": str(prefix / "include" / "fedc" / "c.h")}
    where = run(sys.executable, "-c", "import fedc; print(fedc.library_path())", env=env).strip()
    expect(Path(where).samefile(library()), "the package finds the installed library")
    for test in sorted((source / "tests" / "python").glob("*_test.py")):
        run(sys.executable, test, env=env, cwd=scratch)
    told = run(sys.executable, examples / "python" / "digits.py", env=env, cwd=scratch)
    expect(re.search(r"NumPy counts 0\.8\d+, fedc 0\.8\d+", told), "the example trains")


def pip():
    """`pip install`, where Debian's pip and setuptools are there to do it without a network."""
    if not all(importlib.util.find_spec(name) for name in ("pip", "setuptools", "wheel")):
        print("pip install: not tried, pip, setuptools or wheel is not installed")
        return
    copy, site = scratch / "package", scratch / "site"
    shutil.copytree(prefix / "share" / "fedc" / "python", copy)
    run(sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--target", site, copy)
    told = run(sys.executable, "-c", "import fedc; print(fedc.__file__, fedc.version())", cwd=scratch, env={"PYTHONPATH": str(site), "FEDC_LIBRARY": str(library())})
    expect(str(site) in told, "the package that pip installed is in use")


for step in (install, symbols, program, embedding, native, python, pip):
    print(f"== {step.__name__}", flush=True)
    step()
