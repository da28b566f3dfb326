#!/bin/bash
# Prompts as text, by the model's own tokenizer: what is sent, counted, kept, and said when there is no tokenizer.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"
TOKENIZER=$ROOT/tests/data/tokenizer_small.json
[ -s "$TOKENIZER" ] || die "no $TOKENIZER"

small_track "$T/small.json"
sim URL --time-scale 200 --tokenizer "$TOKENIZER"
sim OTHER --time-scale 200
cd "$T" || exit 2
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
RUN=(--track "$T/small.json" --corpus "$CORPUS" -isl 1024 -osl 1024 --num-prompts 16)
KEPT=$XDG_CACHE_HOME/benchtop/prompts
flag_of() { json "$1" "[f['text'] for f in d['benchtop']['flags'] if f['code'] == '$2']"; }
run nosim "$SIM" --tokenizer "$T/none.json"
status_is 1 "a simulator that cannot read its tokenizer" nosim

# --- a sweep as text: both sides count the same -----------------------------------------------------------------------------
run text "$BT" perf "${RUN[@]}" --conc 4,8 --base-url "$URL" --tokenizer "$TOKENIZER" --results-dir text
status_is 0 "perf as text" text
need
has "$T/text.out" 'prompts as text' "the first lines"
for c in 4 8; do
	f=$(echo text/batch_*/result_isl1024_osl1024_conc$c.json)
	is "$(json "$f" "d['benchtop']['prompts'], d['successful_requests']")" "text 16" "CONC $c"
	is "$(json "$f" "d['benchtop']['prompt_tokens_server'] - d['total_input_tokens'] in (0, 16)")" True "server and client count CONC $c"
	is "$(flag_of "$f" 'prompt tokens differ')$(flag_of "$f" 'prompts as ids')" "[][]" "flags of CONC $c"
	# the client's count is the reference's: what the prompts come to, whatever was asked for
	is "$(json "$f" "d['total_input_tokens'] == $(python3 -c "
import json; print(sum(json.loads(l)['in'] for l in open('$(dirname "$f")/requests_conc$c.jsonl')))")")" True "total_input_tokens of CONC $c"
done
m=$(echo text/batch_*/run.json)
is "$(json "$m" "d['prompts']['mode'], d['prompts']['tokenizer'], d['prompts']['tokenizer_sha256'], d['prompts']['vocab'], d['prompts']['tokenizer_missing']")" \
	"text $TOKENIZER $(sha256sum "$TOKENIZER" | cut -d' ' -f1) $(json "$TOKENIZER" "len(d['model']['vocab'])") None" "manifest"
is "$(find "$KEPT" -name '*.prompts' | wc -l)" 1 "one set for both rows"
is "$(find "$KEPT" -name '*.tmp' | wc -l)" 0 "nothing half done"

# --- found again, and made anew when it is spoilt ------------------------------------------------------------------------------
before=$(stat -c '%i' "$KEPT"/*.prompts)
run again "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --tokenizer "$TOKENIZER" --results-dir again
status_is 0 "from the cache" again
is "$(stat -c '%i' "$KEPT"/*.prompts)" "$before" "the file is used as it is"
truncate -s 3000 "$KEPT"/*.prompts
run anew "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --tokenizer "$TOKENIZER" --results-dir anew
status_is 0 "with a cut file in the cache" anew
[ "$(stat -c '%i' "$KEPT"/*.prompts)" != "$before" ] || fail "a cut file was used"
is "$(json "$(echo anew/batch_*/result*.json)" "d['total_input_tokens'], d['benchtop']['prompt_tokens_server']")" \
	"$(json "$(echo again/batch_*/result*.json)" "d['total_input_tokens'], d['benchtop']['prompt_tokens_server']")" "the same prompts"

# --- another tokenizer than the server's: a doubt, with both numbers --------------------------------------------------------------
run other "$BT" perf "${RUN[@]}" --conc 4 --base-url "$OTHER" --tokenizer "$TOKENIZER" --results-dir other
status_is 0 "with the wrong tokenizer" other
f=$(echo other/batch_*/result*.json)
server=$(json "$f" "d['benchtop']['prompt_tokens_server']") client=$(json "$f" "d['total_input_tokens']")
[ "$server" != "$client" ] || fail "the simulator counts like the small tokenizer"
[[ $(flag_of "$f" 'prompt tokens differ') == *"$server input tokens, the client $client"* ]] ||
	fail "no flag with both numbers: $(flag_of "$f" 'prompt tokens differ')"
is "$(json "$f" "[f['doubt'] for f in d['benchtop']['flags'] if f['code'] == 'prompt tokens differ']")" "[True]" "a doubt"

# --- no tokenizer -------------------------------------------------------------------------------------------------------------------
run ids "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --results-dir ids
status_is 0 "without a tokenizer" ids
has "$T/ids.out" 'prompts as ids' "ids when no tokenizer is found"
[[ $(flag_of "$(echo ids/batch_*/result*.json)" 'prompts as ids') == *"no tokenizer.json of $MODEL in $XDG_CACHE_HOME/huggingface/hub"* ]] ||
	fail "the note does not say where a tokenizer was looked for: $(flag_of "$(echo ids/batch_*/result*.json)" 'prompts as ids')"
run asked "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --results-dir ids --prompts ids --tokenizer "$TOKENIZER"
status_is 0 "ids by choice" asked
has "$T/asked.out" 'prompts as ids' "ids when asked for"
mkdir -p hub/models--amd--DeepSeek-R1-0528-MXFP4-Preview/snapshots/0123456789abcdef
run none env HF_HUB_CACHE="$T/hub" "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --results-dir none --prompts text
status_is 1 "text without a tokenizer" none
has "$T/none.err" "no tokenizer.json of $MODEL in $T/hub.*--tokenizer .*--prompts ids" "where, and the remedy"
is "$(find . -path './none/*' | wc -l)" 0 "nothing was made"
run wrong "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --results-dir none --tokenizer "$T/small.json"
status_is 1 "a file that is no tokenizer" wrong
has "$T/wrong.err" 'small.json.*--prompts ids' "which file, and the remedy"
is "$(find . -path './none/*' | wc -l)" 0 "nothing was made"
cp "$TOKENIZER" hub/models--amd--DeepSeek-R1-0528-MXFP4-Preview/snapshots/0123456789abcdef/tokenizer.json
run found env HF_HUB_CACHE="$T/hub" "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --results-dir found
status_is 0 "with a tokenizer in the hub's cache" found
has "$T/found.out" 'prompts as text' "text when one is found"

# --- killed and stopped while prompts are being made -----------------------------------------------------------------------------------
rm -rf "$KEPT"
MANY=("${RUN[@]}" --conc 4 --num-prompts 900000 --accuracy skip --base-url "$URL" --tokenizer "$TOKENIZER" --prompts text)
some() { compgen -G "$KEPT/*$1" >/dev/null; }
"$BT" perf "${MANY[@]}" --results-dir killed >"$T/killed.out" 2>&1 &
pid=$!
until_true 60 some .tmp || fail "no prompts are made: $(tail -3 "$T/killed.out")"
kill -KILL $pid
wait $pid 2>/dev/null
some .prompts && fail "a half file is taken for a whole one"
some .tmp || fail "the killed one left nothing to be cleaned"
"$BT" perf "${MANY[@]}" --results-dir stopped --json >"$T/stopped.out" 2>&1 &
pid=$!
until_true 60 grep -q 'making prompts' "$T/stopped.out" || fail "no phase is shown: $(tail -3 "$T/stopped.out")"
kill -INT $pid
wait $pid
is $? 130 "stopped while prompts are made"
run after "$BT" perf "${RUN[@]}" --conc 4 --base-url "$URL" --tokenizer "$TOKENIZER" --results-dir after
status_is 0 "afterwards" after
is "$(find "$KEPT" -name '*.tmp' | wc -l) $(find "$KEPT" -name '*.prompts' | wc -l)" "0 1" "nothing is left of them"

# --- no room for the cache: memory does --------------------------------------------------------------------------------------------------
touch "$T/a_file"
run nodir env XDG_CACHE_HOME="$T/a_file" "$BT" perf "${RUN[@]}" --conc 4,8 --base-url "$URL" --tokenizer "$TOKENIZER" --results-dir nodir
status_is 0 "without a place for the cache" nodir
is "$(json "$(echo nodir/batch_*/result*conc8.json)" "d['benchtop']['prompts'], d['total_input_tokens']")" \
	"$(json "$(echo text/batch_*/result*conc8.json)" "d['benchtop']['prompts'], d['total_input_tokens']")" "the same prompts from memory"
finish
