#!/bin/sh
# What `make run` ends with: how to have fedc at hand, and what to try.
cat <<END

To have fedc at hand:
  export PATH="$(cd "$(dirname "$0")/.." && pwd)/build/bin:\$PATH"
Then try:
  fedc run examples/digits_softmax.fed -p lr=0.3
  fedc data info examples/data/digits_train.h5
  fedc explain E0207
END
