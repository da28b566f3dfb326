#!/usr/bin/env python3
"""Writes tok_nfc_table.c, the tables of canonical composition, from Python's unicodedata:
    python3 engine/tokenizer/tok_nfc_table.py > engine/tokenizer/tok_nfc_table.c

The reference implementation normalises by Unicode 9.0. Characters keep their normalisation in later versions, so the
tables are those of any later unicodedata without the marks that came since (NEWER: combining classes) and without
U+11938, the one composition since; tests/judge compares every character."""
import unicodedata as u

NEWER = """7fd 898-89f 8ca-8d3 9fe c3c d3b-d3c eba 1715 1abf-1ace 1df6-1dfa a82c 10d24-10d27 10eab-10eac 10f46-10f50
10f82-10f85 11070 1133b 1145e 11839-1183a 1193d-1193e 11943 119e0 11a34 11a47 11a99 11d42 11d44-11d45 11d97 16ff0-16ff1
1e130-1e136 1e2ae 1e2ec-1e2ef 11930 11938"""
newer = set()
for r in NEWER.split():
    ends = [int(x, 16) for x in r.split("-")]
    newer |= set(range(ends[0], ends[-1] + 1))
assert u.unidata_version == "14.0.0", "NEWER is what 14.0 has beyond 9.0"

HANGUL = range(0xAC00, 0xD7A4)
CPS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and c not in newer]


def pair(c):
    d = u.decomposition(chr(c))
    if not d or d.startswith("<") or c in HANGUL:
        return None
    parts = [int(x, 16) for x in d.split()]
    return parts + [0] * (2 - len(parts))


def ranges(values):
    """(from, to, value) of equal neighbours."""
    out = []
    for c, v in values:
        if out and out[-1][1] == c - 1 and out[-1][2] == v:
            out[-1][1] = c
        else:
            out.append([c, c, v])
    return out


def table(kind, name, rows):
    print(f"\nconst struct {kind} {name}[] = {{")
    line = "\t"
    for r in rows:
        item = "{" + ", ".join(f"0x{x:x}" for x in r) + "},"
        if len(line) + len(item) > 118:
            print(line.rstrip())
            line = "\t"
        line += item + " "
    print(line.rstrip())
    print("};")
    print(f"const size_t {name}_n = sizeof {name} / sizeof {name}[0];")


decomposed = [(c, *pair(c)) for c in CPS if pair(c)]
composed = sorted((a, b, c) for c, a, b in decomposed if b and u.normalize("NFC", chr(a) + chr(b)) == chr(c))
classes = ranges((c, u.combining(chr(c))) for c in CPS if u.combining(chr(c)))
seconds = {b for _, b, _ in composed} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
careful = [c for c in CPS if u.combining(chr(c)) or c in seconds or u.normalize("NFC", chr(c)) != chr(c)]
blocks = [0] * (0x110000 // 64 // 32)
for c in careful:
    blocks[c // 64 // 32] |= 1 << (c // 64 % 32)

print(f"/* Made by tok_nfc_table.py from the data of Unicode 9.0; not edited by hand. */")
print('#include "tok_nfc_table.h"')
print("/* clang-format off */")
table("nfc_pair", "nfc_decomposed", decomposed)
table("nfc_pair", "nfc_composed", composed)
table("nfc_range", "nfc_classes", classes)
table("nfc_range", "nfc_careful", ranges((c, 0) for c in careful))
print("\nconst uint32_t nfc_blocks[0x110000 / 64 / 32] = {")
for i in range(0, len(blocks), 16):
    row = blocks[i : i + 16]
    last = max([k for k in range(len(row)) if row[k]], default=-1)
    if last >= 0:
        print(f"\t[{i}] = " + ", ".join(f"0x{x:x}" for x in row[: last + 1]) + ",")
print("};")
