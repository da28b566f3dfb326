#!/bin/bash
# Two runs against the simulator: a real slowdown is found, single runs say what they rest on, exit statuses.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"
small_track "$T/small.json"
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8 BENCHTOP_RESULTS=$T/results
mkdir -p "$T/results" && cd "$T" || exit 2
PERF=("$BT" perf -isl 1024 -osl 1024 --track "$T/small.json" --accuracy skip --prompts ids --conc 4,8)

# --- three runs: twice the same pace, then half of it ------------------------------------------------------------------------
declare -A RUNS
sim QUICK --itl-ms 8 --ttft-ms 40 --time-scale 8
QUICK_LOG=$SIM_LOG
sim SLOW --itl-ms 16 --ttft-ms 80 --time-scale 8
SLOW_LOG=$SIM_LOG
for name in old again new; do
	mkdir -p "$T/$name"
	url=$QUICK log=$QUICK_LOG
	[ $name = new ] && url=$SLOW log=$SLOW_LOG
	"${PERF[@]}" --base-url "$url" --log "$log" --results-dir "$T/$name" >"$T/run-$name.out" 2>"$T/run-$name.err" &
	RUNS[$name]=$!
done
for name in old again new; do wait "${RUNS[$name]}" || fail "the $name run: $(tail -3 "$T/run-$name.err")"; done
need
OLD=$(echo "$T"/old/batch_*) NEW=$(echo "$T"/new/batch_*)

# --- single runs: the floor is said, the slowdown is found --------------------------------------------------------------------
run single "$BT" compare "$OLD" "$NEW"
status_is 0 "two single runs" single
has "$T/single.out" 'single runs: the run-to-run noise is unknown, at least 2 % is taken' "the basis is said"
has "$T/single.out" 'B against A in tok/s/GPU: slower at CONC 4 and 8' "the verdict"
has "$T/single.out" '^ +4 tok/s/GPU .*-[0-9.]+% +±[0-9.]+%.* - slower' "a line of the table"
has "$T/single.out" 'TPOT ms .* - slower' "a higher latency is slower, too"
[ "$(grep -n 'single runs' "$T/single.out" | head -1 | cut -d: -f1)" -lt "$(grep -n 'CONC metric' "$T/single.out" | cut -d: -f1)" ] ||
	fail "what must be read first does not stand first"
is "$(awk '{ if (length($0) > 120) print }' "$T/single.out")" "" "no line is longer than 120"
run back "$BT" compare "$NEW" "$OLD"
has "$T/back.out" 'faster at CONC 4 and 8' "the other way round it is faster"

run json "$BT" compare "$OLD" "$NEW" --json
status_is 0 "as JSON" json
is "$(json "$T/json.out" "[(l['conc'], l['basis'], l['verdict'], l['low']) for l in d['lines'] if l['metric'] == 'tput_per_gpu']")" \
	"[(4, 'floor', 'slower', None), (8, 'floor', 'slower', None)]" "JSON lines"
is "$(json "$T/json.out" "all(-0.6 < l['change'] < -0.3 for l in d['lines'] if l['metric'] == 'tput_per_gpu')")" True "about half"
is "$(json "$T/json.out" "[round(l['noise'] >= 0.02 and l['noise'] < 0.2) for l in d['lines'] if l['metric'] == 'tput_per_gpu']")" \
	"[1, 1]" "noise is the floor and what the requests explain"

# --- a directory of runs is a side; names below the results directory -----------------------------------------------------------
run dirs "$BT" compare old new --results-dir "$T" --ascii
status_is 0 "directories of runs" dirs
has "$T/dirs.out" 'slower at CONC 4 and 8' "directories"
is "$(LC_ALL=C grep -c '[^ -~]' "$T/dirs.out")" 0 "--ascii has no other characters"
run same "$BT" compare "$OLD" "$OLD"
status_is 0 "a run with itself" same
has "$T/same.out" 'the same run is on both sides' "it is said"
has "$T/same.out" 'no difference seen at CONC 4 and 8' "no difference with itself"
run like "$BT" compare old again --results-dir "$T"
status_is 0 "two runs of one server" like
has "$T/like.out" 'both sides have runs of the same server start' "and that is said"

# --- a result file as the official tool writes it --------------------------------------------------------------------------------
cp "$OLD/result_isl1024_osl1024_conc4.json" "$T/alone.json"
run file "$BT" compare "$T/alone.json" "$NEW" -o "$T/file.txt"
status_is 0 "a result file" file
has "$T/file.txt" 'side A: 1 of 1 runs have no manifest' "what is not known is said"
has "$T/file.txt" '8 tok/s/GPU .*only in B' "a CONC of one side"
[ ! -s "$T/file.out" ] || fail "-o prints nothing"

# --- single runs with earlier ones of the same code on other server starts: their spread is the noise -----------------------------
if command -v git >/dev/null; then
	CODE=$T/code
	for tree in sglang/python/sglang aiter/aiter; do
		mkdir -p "$CODE/$tree" && echo 'x = 1' >"$CODE/$tree/__init__.py"
		top=$CODE/${tree%%/*}
		{ git -C "$top" init -q && git -C "$top" add . &&
			git -C "$top" -c user.name=T -c user.email=t@example.org commit -q -m one; } || die "no scratch repository"
	done
	find "$CODE" -name '*.py' -exec touch -d '1 hour ago' {} +
	PIDS=()
	for i in 1 2 3 4 5 6; do
		itl=8
		[ $i = 6 ] && itl=16
		sim H --itl-ms $itl --ttft-ms 40 --time-scale 8
		mkdir -p "$T/hist/$i"
		env BENCHTOP_CODE="$CODE" "${PERF[@]}" --conc 4 --base-url "$H" --log "$SIM_LOG" --results-dir "$T/hist/$i" \
			>"$T/hist$i.out" 2>"$T/hist$i.err" &
		PIDS+=($!)
	done
	for i in "${!PIDS[@]}"; do wait "${PIDS[$i]}" || fail "run $((i + 1)): $(tail -3 "$T/hist$((i + 1)).err")"; done
	need
	run history "$BT" compare 5 6 --results-dir "$T/hist" --json
	status_is 0 "with a history" history
	is "$(json "$T/history.out" "[(l['basis'], l['verdict'], l['noise'] > 0.02, l['low'] is not None) for l in d['lines'] if l['metric'] == 'tput_per_gpu']")" \
		"[('history', 'slower', True, True)]" "the spread of the earlier starts"
	run starts "$BT" compare "$T/hist" "$T/hist" --json
	is "$(json "$T/starts.out" "d['a']['starts'], d['a']['runs'], [l['basis'] for l in d['lines']][0]")" "6 6 starts" "six starts are six"
	run runs "$BT" compare "$T/old" "$T/hist"
	has "$T/runs.out" 'side B mixes code or settings' "runs with other server arguments are not repeats"
fi

# --- exit statuses ------------------------------------------------------------------------------------------------------------------
run none "$BT" compare "$OLD" "$T/nowhere"
status_is 1 "no such run" none
has "$T/none.err" 'there is no run at .*nowhere' "the sentence names it"
mkdir -p "$T/void"
run void "$BT" compare "$T/void" "$OLD"
status_is 1 "an empty directory" void
has "$T/void.err" 'there is no run in .*void' "the sentence names it"
echo hello >"$T/hello.txt"
run text "$BT" compare "$OLD" "$T/hello.txt"
status_is 1 "a file that is no result" text
has "$T/text.err" 'hello.txt' "the sentence names it"
run one "$BT" compare "$OLD"
status_is 1 "one side only" one
run full "$BT" compare "$OLD" "$NEW" -o "$T/no/such/dir.txt"
status_is 2 "no place for the output" full
finish
