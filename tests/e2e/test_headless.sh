#!/bin/bash
# The commands without a screen, against a simulator: what a user of the official tool relies on.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"

small_track "$T/small.json"
sim URL --time-scale 200
PORT_OF=${URL##*:}
cd "$T" || exit 2

# --- batch submit with sourced variables -------------------------------------------------------------------------------
cat >all_conc_var.sh <<SH
export MODEL="amd/DeepSeek-R1-0528-MXFP4-Preview"
export PORT=$PORT_OF
export TP=8
SH
. ./all_conc_var.sh
COMMON=(--track "$T/small.json" --corpus "$CORPUS")
mkdir batch && cd batch || exit 2
run submit env LB_URL_OVERRIDE="$URL" "$BT" submit "Rocket Team" -isl 1024 -osl 1024 "${COMMON[@]}" --post-flagged
status_is 0 "submit in batch mode" submit
need
has "$T/submit.out" 'CONC=64: posted, the board confirms' "plain progress"
dir=$(echo batch_isl1024_osl1024_*)
[[ $dir =~ ^batch_isl1024_osl1024_[0-9]{8}_[0-9]{6}$ ]] || fail "batch directory: $dir"
for c in 4 8 16 32 64; do
	f=$dir/result_isl1024_osl1024_conc$c.json
	[ -s "$f" ] || fail "no $f"
	[ -s "$dir/requests_conc$c.jsonl" ] || fail "no requests_conc$c.jsonl"
	is "$(json "$f" "' '.join(list(d)[:19])")" \
		"successful_requests benchmark_duration total_input_tokens total_generated_tokens request_throughput output_throughput total_token_throughput mean_ttft_ms median_ttft_ms p99_ttft_ms mean_tpot_ms median_tpot_ms p99_tpot_ms mean_itl_ms median_itl_ms p99_itl_ms mean_e2el_ms median_e2el_ms p99_e2el_ms" \
		"the nineteen summary fields"
	is "$(json "$f" "d['successful_requests'], d['total_input_tokens'], d['total_generated_tokens'], d['benchmark_args']['max_concurrency'], d['benchmark_args']['base_url']")" \
		"$((c * 4)) $((c * 4096)) $((c * 4096)) $c http://0.0.0.0:$PORT_OF" "counts of CONC $c"
	is "$(json "$f" "d['accuracy_validation']['status'], abs(d['tput_per_gpu'] - d['total_token_throughput'] / 8) < 1e-9")" \
		"PASSED True" "validation and throughput per GPU"
done
[ -s "$dir/events.jsonl" ] && [ -s "$dir/run.json" ] || fail "journal or manifest missing"
head -4 "$dir/summary.txt" | tail -3 | grep -q '^Mode: submit$' || fail "summary.txt: $(cat "$dir/summary.txt")"
is "$(grep -c '^✓ CONC=[0-9]*: PASSED ([0-9]*s)$' "$dir/summary.txt")" 5 "rows of summary.txt"
has "$dir/summary.txt" '^Total tests: 5$' summary
has "$dir/summary.txt" "^Results saved in: $dir/\$" summary
fetch "$URL/sim/record" >record.json
is "$(json record.json "len(d['posts']), set(len(p) for p in d['posts']), sorted(p[1] for p in d['posts']), d['posts'][0][0]")" \
	"5 {14} [4, 8, 16, 32, 64] Rocket Team" "posts at the board"
is "$(json record.json "4 < d['in_flight_max'] <= 64, d['connections'] == d['completions']")" "True True" "never more than C, one connection a request"
cd "$T" || exit 2

# --- NUM_PROMPTS off the rule: kept, not posted ---------------------------------------------------------------------------
reset_sim "$URL"
mkdir held && cd held || exit 2
run held "$BT" submit "Rocket Team" -isl 1024 -osl 1024 --conc 4,8 --num-prompts 24 --leaderboard "$URL" "${COMMON[@]}"
status_is 4 "prompts off the rule without --post-flagged" held
has "$T/held.out" 'not posted: .*--post-flagged' "the sentence says how to post"
fetch "$URL/sim/record" >record.json
is "$(json record.json "len(d['posts'])")" 0 "posts without --post-flagged"
run flagged "$BT" submit "Rocket Team" -isl 1024 -osl 1024 --num-prompts 24 --post-flagged --leaderboard "$URL" "${COMMON[@]}"
status_is 0 "with --post-flagged" flagged
fetch "$URL/sim/record" >record.json
is "$(json record.json "len(d['posts'])")" 5 "posts with --post-flagged"
cd "$T" || exit 2

# --- single mode -------------------------------------------------------------------------------------------------------------
mkdir single && cd single || exit 2
SINGLE=(env ISL=1024 OSL=1024 CONC=8 RANDOM_RANGE_RATIO=1.0 NUM_PROMPTS=16 RESULT_FILENAME=test_101112)
run single "${SINGLE[@]}" "$BT" perf "${COMMON[@]}"
status_is 0 "single perf" single
is "$(json test_101112.json "d['successful_requests'], d['benchmark_args']['num_prompts'], d['benchmark_args']['max_concurrency']")" "16 16 8" "single result"
cp test_101112.json first.json
run again "${SINGLE[@]}" "$BT" perf "${COMMON[@]}"
status_is 0 "single perf again" again
is "$(find . -maxdepth 1 -name 'test_101112_*.json' | wc -l)" 1 "the earlier result is kept under its time"
cmp -s first.json test_101112_*.json || fail "the earlier result was changed"
ln -s "$BT" dsr1_benchmark
run link env -u TEAM_NAME_ENV ./dsr1_benchmark --track "$T/small.json" --corpus "$CORPUS"
status_is 0 "dsr1_benchmark without a mode measures accuracy" link
has "$T/link.out" 'mode acc' "dsr1_benchmark"
run team env TEAM_NAME_ENV="Env Team" LB_URL_OVERRIDE="$URL" ./dsr1_benchmark submit --isl 1024 --osl 1024 --conc 4 "${COMMON[@]}" --post-flagged
status_is 0 "team from the environment, --isl/--osl" team
fetch "$URL/sim/record" >record.json
is "$(json record.json "d['posts'][-1][0]")" "Env Team" "TEAM_NAME_ENV"
cd "$T" || exit 2

# --- JSON lines ------------------------------------------------------------------------------------------------------------------
mkdir jsonl && cd jsonl || exit 2
run jsonl "$BT" acc -isl 1024 -osl 1024 --conc 4 --json "${COMMON[@]}"
status_is 0 "acc --json" jsonl
python3 - "$T/jsonl.out" <<'PY' || fail "--json is not one event a line"
import json, sys
kinds = [json.loads(line)["kind"] for line in open(sys.argv[1])]
assert kinds[-1] == "run_finished" and "accuracy_measured" in kinds and "gate_decided" in kinds, kinds
assert "load_progress" not in kinds and "load_measured" not in kinds, "acc must stop after the gate"
PY
finish
