#!/usr/bin/env python3
"""The reference's text prompts by another way: numpy draws, the tokenizers library encodes and decodes.

    NODE_PATH=DIR/node_modules python3 tests/judge/prompts.py TOKENIZER.json N ISL [RATIO [OSL [SEED]]] [--c]

Prints a line a prompt: tokens, and the SHA-256 of the prompt as a JSON string; last the SHA-256 over all of these strings,
each followed by a newline. --c prints a row of tests/data/prompts_small.inc instead.
Needs numpy, node, and the npm package @anush008/tokenizers (the library itself, as native code) in NODE_PATH; the project's
tests need none of it: they carry what this printed.
"""
import hashlib, json, os, subprocess, sys

import numpy as np

HELPER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens.cjs")


class Library:
    def __init__(self, path):
        self.p = subprocess.Popen(["node", HELPER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.vocab = self.ask({"vocab": True})

    def ask(self, what):
        self.p.stdin.write(json.dumps(what) + "\n")
        self.p.stdin.flush()
        return json.loads(self.p.stdout.readline())

    def encode(self, text):
        return self.ask({"encode": text})

    def decode(self, ids):
        return self.ask({"decode": [int(i) for i in ids]})


def main(args):
    row = "--c" in args
    args = [a for a in args if a != "--c"]
    path, n, isl = args[0], int(args[1]), int(args[2])
    ratio = float(args[3]) if len(args) > 3 else 1.0
    osl = int(args[4]) if len(args) > 4 else 1
    seed = int(args[5]) if len(args) > 5 else 0
    lib = Library(path)
    rng = np.random.RandomState(seed)  # the legacy generator, which np.random.seed() sets as well
    lens = rng.randint(int(isl * ratio), isl + 1, size=n)
    rng.randint(int(osl * ratio), osl + 1, size=n)
    offsets = rng.randint(0, lib.vocab, size=n)
    total, drawn, exact, counted = hashlib.sha256(), 0, 0, 0
    for i in range(n):
        want = int(lens[i])
        text = lib.decode([(int(offsets[i]) + i + j) % lib.vocab for j in range(want)])
        for _ in range(10):
            ids = lib.encode(text)
            if len(ids) < want:
                more = rng.randint(0, lib.vocab, size=want - len(ids))
                drawn += len(more)
                ids = ids + more.tolist()
            elif len(ids) > want:
                ids = ids[:want]
            else:
                break
            text = lib.decode(ids)
        tokens = len(lib.encode(text))
        exact += tokens == want
        counted += tokens
        string = json.dumps(text).encode()
        total.update(string + b"\n")
        if not row:
            print(tokens, hashlib.sha256(string).hexdigest())
    if row:
        print('{%d, %d, %d, %g, %d, %d, "%s"}, /* %d drawn, %d of the wanted length */' % (
            n, isl, osl, ratio, seed, counted, total.hexdigest(), drawn, exact))
    else:
        print(total.hexdigest())


if len(sys.argv) < 4:
    sys.exit(__doc__)
main(sys.argv[1:])
