#!/usr/bin/env python3
"""Writes tests/data/tokenizer_small.json: a byte-level BPE of some 1,500 tokens with the splits of DeepSeek-V3, trained on
words, code, kana, Han and emoji made up here.   python3 tests/data/make_tokenizer.py"""
import collections, json, os, random, unicodedata

random.seed(7)
MERGES = 1200
SPECIAL = ["<s>", "</s>", "<pad>", "<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"]


def alphabet():
    keep = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    out, n = {}, 0
    for b in range(256):
        out[b] = chr(b) if b in keep else chr(0x100 + n)
        n += b not in keep
    return out


BYTES = alphabet()


def text():
    syllables = [c + v for c in "b br d f g k l m n p r s st t tr v".split() for v in "a e i o u an er in or".split()]
    words = ["".join(random.choices(syllables, k=random.randint(1, 3))) for _ in range(400)]
    words += "the of and to in is that for it was on with as be at by this from or have not are an".split() * 6
    weights = [1 / (i + 2) for i in range(len(words))]
    random.shuffle(words)
    code = ["int main(void)", "return 0;", "for (int i = 0; i < n; i++)", "if (rc < 0)", "struct point {", "\t\tdouble x, y;",
            "};\n\n", "printf(\"%d\\n\", count);", "def run(self, value):", "    return self.value", "import os\n", "// see"]
    kana = [chr(c) for c in range(0x3042, 0x3094)]
    han = [chr(c) for c in range(0x4E00, 0x4E60)]
    cyrillic = [chr(c) for c in range(0x430, 0x450)]
    emoji = ["😀", "👍", "❤️", "🚀"]
    out = []
    for _ in range(6000):
        kind = random.random()
        if kind < 0.65:
            w = random.choices(words, weights)[0]
            out.append(random.choice(["", " ", " ", " "]) + (w.capitalize() if random.random() < 0.15 else w))
            if random.random() < 0.1:
                out.append(random.choice([".", ",", "!\n", "?", ":", "'s", " -", "..."]))
        elif kind < 0.75:
            out.append(random.choice(code) + random.choice(["", "\n", "\n    "]))
        elif kind < 0.83:
            out.append("".join(random.choices(kana[:30], k=random.randint(1, 5))))
        elif kind < 0.9:
            out.append("".join(random.choices(han[:25], k=random.randint(1, 4))))
        elif kind < 0.94:
            out.append(" " + "".join(random.choices(cyrillic[:12], k=random.randint(2, 6))))
        elif kind < 0.97:
            out.append(random.choice(emoji))
        else:
            out.append(str(random.randint(0, 99999)))
    return "".join(out)


def kind(c):
    g = unicodedata.category(c)[0]
    return "L" if g in "LM" else "N" if g == "N" else "P" if g in "PS" else "R" if c in "\r\n" else "Z"


def words(s):
    """Runs of one kind with a blank in front: near enough to the splits to learn merges of use."""
    out, i = collections.Counter(), 0
    while i < len(s):
        start = i
        i += s[i] == " " and i + 1 < len(s) and kind(s[i + 1]) in "LP"
        k = kind(s[i])
        j = i + 1
        while j < len(s) and kind(s[j]) == k and not (k == "N" and j - i == 3):
            j += 1
        out[tuple(BYTES[b] for b in s[start:j].encode())] += 1
        i = j
    return out


def train(counts):
    vocab = {c: i for i, c in enumerate(sorted(BYTES.values()))}
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for w, n in counts.items():
            for p in zip(w, w[1:]):
                pairs[p] += n
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(" ".join(best))
        vocab.setdefault("".join(best), len(vocab))
        fresh = collections.Counter()
        for w, n in counts.items():
            out, i = [], 0
            while i < len(w):
                both = i + 1 < len(w) and (w[i], w[i + 1]) == best
                out.append(w[i] + w[i + 1] if both else w[i])
                i += 2 if both else 1
            fresh[tuple(out)] += n
        counts = fresh
    return vocab, merges


def split(regex):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}


vocab, merges = train(words(text()))
flags = {"single_word": False, "lstrip": False, "rstrip": False}
added = [{"id": len(vocab) + i, "content": c, **flags, "normalized": c.endswith("think>"), "special": "think" not in c}
         for i, c in enumerate(SPECIAL)]
level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
letters = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
rest = r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
bos = {"id": "<s>", "ids": [added[0]["id"]], "tokens": ["<s>"]}
template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<s>": bos}}
tokenizer = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
    "normalizer": {"type": "Sequence", "normalizers": []},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(letters + rest), level]},
    "post_processor": template, "decoder": {**level, "use_regex": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab, "merges": merges},
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizer_small.json")
with open(path, "w", encoding="utf-8") as f:
    json.dump(tokenizer, f, ensure_ascii=False, separators=(",", ":"))
    f.write("\n")
print(path, os.path.getsize(path), "bytes,", len(vocab), "tokens")
