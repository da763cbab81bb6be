#!/usr/bin/env python3
"""Makes examples/data/digits_{train,test}.h5: a slice of the digits by writer, small enough to ship.

    scripts/make_digits_slice.py SOURCE [--into examples/data] [--train 60] [--test 20]

SOURCE holds digits_train.h5 and digits_test.h5 (examples/<writer>/{pixels,label}; examples/data/README.md says where
they come from). Writers are taken at equal steps through the sorted list, so that the slice spans all of NIST's
groups. Names, types and order are kept; a writer's pixels are one gzip chunk, so that one inflate reads a client.
"""
import argparse
import os

import h5py


def every(names, count):
    """`count` of the sorted `names`, at equal steps."""
    names = sorted(names)
    if count > len(names):
        raise SystemExit(f"{count} writers are wanted, the source has {len(names)}")
    return [names[i * len(names) // count] for i in range(count)]


def copy_slice(source, target, count):
    """Writes `count` writers of `source` to `target`; returns writers, examples and bytes."""
    examples = 0
    with h5py.File(source, "r") as full, h5py.File(target, "w", libver="earliest", track_order=False) as small:
        for writer in every(full["examples"], count):
            pixels, label = (full["examples"][writer][feature][()] for feature in ("pixels", "label"))
            group = small.create_group(f"examples/{writer}")
            # track_times off: the same slice is the same bytes.
            group.create_dataset("label", data=label, track_times=False)
            group.create_dataset("pixels", data=pixels, chunks=pixels.shape, compression="gzip", compression_opts=9,
                                 track_times=False)
            examples += len(label)
    return count, examples, os.path.getsize(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--into", default=os.path.join(os.path.dirname(__file__), "..", "examples", "data"))
    parser.add_argument("--train", type=int, default=60)
    parser.add_argument("--test", type=int, default=20)
    args = parser.parse_args()
    total = 0
    for part, count in (("train", args.train), ("test", args.test)):
        target = os.path.join(args.into, f"digits_{part}.h5")
        writers, examples, size = copy_slice(os.path.join(args.source, f"digits_{part}.h5"), target, count)
        total += size
        print(f"{target}: {writers} writers, {examples} examples, {size} bytes")
    if total > 3_000_000:
        raise SystemExit(f"{total} bytes in all: more than the 3 MB that the project ships")


if __name__ == "__main__":
    main()
