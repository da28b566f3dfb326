#!/bin/bash
# Disks that are slow or full: a measurement is neither disturbed nor lost.
. tests/e2e/lib.sh
small_track "$T/small.json"
sim URL --time-scale 20 --itl-ms 40 --ttft-ms 2000 # 2 ms between tokens, 100 ms to the first
mkdir "$T/w" && cd "$T/w" || exit 2
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview PORT=${URL##*:} TP=8
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
COMMON=(--track "$T/small.json" --corpus "$CORPUS" -isl 1024 -osl 1024 --conc 4 --num-prompts 8)
value() { json "$(echo "$1"/batch_*/result_*_conc4.json)" "$2"; }

# --- every sync takes 200 ms longer: no latency figure tells ------------------------------------------------------------------
mkdir fast slow
run fast "$BT" perf "${COMMON[@]}" --results-dir fast
status_is 0 "fast disk" fast
run slow env LD_PRELOAD="$ROOT/$BUILD/e2e/slowsync.so" SLOWSYNC_MS=200 SLOWSYNC_COUNT="$T/syncs" "$BT" perf "${COMMON[@]}" --results-dir slow
status_is 0 "slow disk" slow
need
[ "$(wc -c <"$T/syncs")" -ge 10 ] || fail "the shim was not in the way"
for f in median_tpot_ms median_e2el_ms; do
	a=$(value fast "d['$f']") b=$(value slow "d['$f']")
	# A client that waits for the disk is off by 200 ms a second, 20 %.
	python3 -c "import sys; a, b = float(sys.argv[1]), float(sys.argv[2]); sys.exit(abs(a - b) > max(0.1 * a, ${SANITIZED:+1}0.1))" "$a" "$b" ||
		fail "$f is $a ms on a fast disk, $b ms on a slow one"
done
python3 -c "import sys; sys.exit(float(sys.argv[1]) > 100)" "$(value slow "d['benchtop']['client']['late_p99_ms']")" ||
	fail "the load loop waited for the disk"

# --- the journal's disk is full for a while ----------------------------------------------------------------------------------------
mkdir full
env LD_PRELOAD="$ROOT/$BUILD/e2e/fulldisk.so" FULLDISK_FLAG="$T/full" "$BT" perf "${COMMON[@]}" --results-dir full >"$T/full.out" 2>"$T/full.err" &
pid=$!
until_true 60 grep -qs 'CONC=4: load' "$T/full.out" || fail "load never began"
touch "$T/full"
until_true 20 grep -q 'journal cannot be written.*No space left' "$T/full.out" || fail "a full disk is not said: $(cat "$T/full.out")"
rm "$T/full"
until_true 20 grep -q 'journal is written again' "$T/full.out" || fail "recovery is not said: $(cat "$T/full.out")"
wait $pid
STATUS=$?
status_is 0 "the run ends well" full
has "$T/full.out" '8 requests completed, 0 failed' "the run goes on"
python3 - full/batch_*/events.jsonl <<'PY' || fail "facts are missing in the journal"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
seqs = [e["seq"] for e in events]
assert seqs == list(range(1, len(seqs) + 1)), "a gap in the numbers"
kinds = {e["kind"] for e in events}
assert {"load_measured", "result_saved", "cell_done", "run_finished"} <= kinds, kinds
PY

# --- the result file's disk is full for a while -----------------------------------------------------------------------------------
mkdir result
env LD_PRELOAD="$ROOT/$BUILD/e2e/fulldisk.so" FULLDISK_FLAG="$T/full" FULLDISK_PATH=/result/batch "$BT" perf "${COMMON[@]}" --results-dir result >"$T/result.out" 2>"$T/result.err" &
pid=$!
until_true 60 grep -qs 'CONC=4: load' "$T/result.out" || fail "load never began"
touch "$T/full"
until_true 60 grep -q 'is not saved yet.*No space left' "$T/result.out" || fail "an unsaved result is not said: $(cat "$T/result.out")"
rm "$T/full"
wait $pid
STATUS=$?
status_is 0 "saved when there is room" result
[ -s "$(echo result/batch_*/result_isl1024_osl1024_conc4.json)" ] || fail "no result file"

# --- kill -9 in mid-load: what was finished is on disk ---------------------------------------------------------------------------------
mkdir killed
"$BT" perf --track "$T/small.json" --corpus "$CORPUS" -isl 1024 -osl 1024 --conc 4,8 --num-prompts 8 --results-dir killed >"$T/killed.out" 2>&1 &
pid=$!
until_true 90 grep -qs 'CONC=8: load' "$T/killed.out" || fail "second row never began"
kill -KILL $pid
wait $pid 2>/dev/null
[ -s "$(echo killed/batch_*/result_isl1024_osl1024_conc4.json)" ] || fail "the finished row's result is lost"
python3 - killed/batch_*/events.jsonl <<'PY' || fail "the journal does not hold the finished row"
import json, sys
kinds = []
for line in open(sys.argv[1]):
    try:
        kinds.append(json.loads(line)["kind"])
    except ValueError:
        pass
assert "cell_done" in kinds and "run_finished" not in kinds, kinds
PY
grep -q '✓ CONC=4: PASSED' killed/batch_*/summary.txt || fail "summary.txt does not hold the finished row"
finish
