#!/bin/bash
# results: a batch of the short track and a single run, listed as a table, JSON lines, CSV and the aggregate form; every figure
# read back is the file's.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"
cd "$T" || exit 2
mkdir results || exit 2
RESULTS=$T/results
small_track "$T/small.json"
sim URL --time-scale 30
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview
COMMON=(--base-url "$URL" --track "$T/small.json" --corpus "$CORPUS" --results-dir "$RESULTS" --accuracy once)

run none "$BT" results "$RESULTS"
status_is 0 "no run yet" none
has "$T/none.err" 'there is no run in' "the sentence"
run missing "$BT" results "$T/nowhere"
status_is 1 "no such directory" missing
has "$T/missing.err" 'there is no run at .*/nowhere' "the sentence"

run batch "$BT" perf -isl 1024 -osl 1024 --conc 4,8 "${COMMON[@]}"
status_is 0 "the batch" batch
CONC=4 ISL=1024 OSL=1024 RESULT_FILENAME=mine run single "$BT" perf "${COMMON[@]}"
status_is 0 "the single run" single
batch=$(echo "$RESULTS"/batch_*)
single=$(echo "$RESULTS"/single_*)
[ -s "$RESULTS/mine.json" ] || fail "the single run's result is not beside it"
need

# --- the manifest says which start of the server it was -----------------------------------------------------------------------
is "$(json "$batch/run.json" "d['server']['started_wall_ns'] == json.load(open('$single/run.json'))['server']['started_wall_ns'] > 0")" \
	True "both runs were measured on one start"
has "$batch/run.json" '"arguments": ".*benchtop-sim .*--time-scale 30' "the server's arguments"

# --- the table ------------------------------------------------------------------------------------------------------------------
run table "$BT" results "$RESULTS"
status_is 0 "the table" table
is "$(wc -l <"$T/table.out")" 3 "a head and two runs; mine.json belongs to one of them"
has "$T/table.out" "1024/1024 +perf .* 2/2 .*$batch\$" "the batch"
is "$(sed -n 2p "$T/table.out" | grep -c single_)" 1 "the newest is first"
run ascii "$BT" results "$RESULTS" --ascii
LC_ALL=C grep -q '[^ -~]' "$T/ascii.out" && fail "--ascii"
BENCHTOP_RESULTS=$RESULTS run env "$BT" results
diff "$T/table.out" "$T/env.out" >/dev/null || fail "BENCHTOP_RESULTS is not taken"
if command -v tmux >/dev/null; then
	term_start 80 24
	typed "$BT results $RESULTS"
	wait_screen 10 'BEST/WORST' "the table in a terminal"
	is "$(screen | grep -cE '(batch|single)_?.*_[0-9]{8}_[0-9]{6}$|…')" 2 "each run on one row of 80 columns"
fi

# --- the same figures in every form ----------------------------------------------------------------------------------------------
run json "$BT" results --json "$RESULTS"
run csv "$BT" results --csv -o "$T/out.csv" "$RESULTS"
status_is 0 "csv" csv
run infmax "$BT" results --infmax "$RESULTS"
status_is 0 "infmax" infmax
cat >"$T/check.py" <<'PY'
import csv, glob, json, sys
results, jsonl, table, agg = sys.argv[1:5]
files = {(4, "batch"): 0, (8, "batch"): 0, (4, "single"): 0}
for c in (4, 8):
    files[c, "batch"] = json.load(open(glob.glob(f"{results}/batch_*/result_*_conc{c}.json")[0]))
files[4, "single"] = json.load(open(f"{results}/mine.json"))
kind = lambda name: name.rsplit("/", 1)[-1].split("_")[0]

runs = [json.loads(line) for line in open(jsonl)]
assert len(runs) == 2, runs
points = {(p["conc"], kind(r["path"])): p for r in runs for p in r["points"]}
assert set(points) == set(files), points
for key, p in points.items():
    f = files[key]
    for name in ("tput_per_gpu", "interactivity", "median_e2el_ms"):
        assert p[name] == f[name], (key, name)
    assert p["tput_ratio"] == f["tput_per_gpu_ratio_vs_b200_1126"], key

text = open(table, encoding="utf-8", newline="").read()
assert text.count("\n") == text.count("\r\n") == 4, "RFC 4180 ends a record with CRLF"
rows = list(csv.DictReader(open(table, encoding="utf-8", newline="")))
assert len(rows) == 3, rows
# the file's key: the column, whose name tells the unit
figures = {"successful_requests": "successful_requests", "benchmark_duration": "benchmark_duration_s",
    "total_input_tokens": "total_input_tokens", "total_generated_tokens": "total_generated_tokens",
    "request_throughput": "request_throughput_req_s", "output_throughput": "output_throughput_tok_s",
    "total_token_throughput": "total_token_throughput_tok_s", "tput_per_gpu": "tput_tok_s_gpu",
    "interactivity": "interactivity_tok_s_user"}
figures.update((n, n) for m in ("mean", "median", "p99") for w in ("ttft", "tpot", "itl", "e2el") for n in [f"{m}_{w}_ms"])
for row in rows:
    f = files[int(row["conc"]), kind(row["run"])]
    for name, column in figures.items():
        assert float(row[column]) == f[name], (row["run"], name, row[column], f[name])
    assert float(row["word_perplexity"]) == f["accuracy"]["word_perplexity"]
    assert None not in row and row["status"] == "passed"

members = json.load(open(agg))
assert len(members) == 3
for a in members:
    f = files[a["conc"], kind(a["run"])]
    assert a["tput_per_gpu"] == f["tput_per_gpu"] and a["isl"] == 1024
    assert abs(a["median_e2el"] - f["median_e2el_ms"] / 1000) < 1e-12
    assert abs(a["median_intvty"] - f["interactivity"]) < 1e-9
    assert not any(k.endswith("_ms") for k in a)
print("same")
PY
run check python3 "$T/check.py" "$RESULTS" "$T/json.out" "$T/out.csv" "$T/infmax.out"
is "$(cat "$T/check.out")" same "the figures: $(tail -2 "$T/check.err")"

# --- a directory of runs is not one run: its curve is the newest one's, never a mixture ---------------------------------------------
run curve "$BT" curve --track "$T/small.json" "$RESULTS"
status_is 0 "the curve of a directory of runs" curve
has "$T/curve.out" "$single\$" "the newest run in it"
run mixed "$BT" curve --track "$T/small.json" "$batch"
# (a slow machine may raise a doubt: "8?")
has "$T/mixed.out" '^ +8[? ]' "CONC 8 is the batch's"
has_not "$T/curve.out" '^ +8[? ]' "and not the single run's"

# --- what cannot be read is said, and costs nothing -------------------------------------------------------------------------------
mkdir "$RESULTS/batch_isl1024_osl1024_20200101_000000"
printf '{"benchmark_args": {"ra' >"$RESULTS/cut.json"
run broken "$BT" results "$RESULTS"
status_is 0 "a table with broken runs" broken
has "$T/broken.out" 'unreadable: no run: .*20200101_000000$' "an empty directory"
has "$T/broken.out" 'unreadable: not JSON.*cut.json$' "a cut file"
run csv2 "$BT" results --csv "$RESULTS"
is "$(wc -l <"$T/csv2.out")" 4 "the broken ones are not in the CSV"
has "$T/csv2.err" 'left out: .*cut.json: not JSON' "and that is said"
run one "$BT" results --csv "$RESULTS/mine.json"
is "$(wc -l <"$T/one.out")" 2 "one file"
run full "$BT" results --csv -o /nowhere/out.csv "$RESULTS"
status_is 2 "a file that cannot be written" full

# --- what is no file stays what it is ----------------------------------------------------------------------------------------------
mkfifo "$T/pipe"
cat "$T/pipe" >"$T/through" &
run pipe timeout 20 "$BT" results --csv -o "$T/pipe" "$RESULTS"
status_is 0 "a pipe as output" pipe
[ -p "$T/pipe" ] || fail "the pipe was replaced by a file"
wait $!
diff "$T/csv2.out" "$T/through" >/dev/null || fail "what came through the pipe"
ln -s "$T/target.svg" "$T/link.svg"
: >"$T/target.svg"
run link "$BT" curve --track "$T/small.json" -o "$T/link.svg" "$batch"
status_is 0 "a link as output" link
[ -L "$T/link.svg" ] && [ -s "$T/target.svg" ] || fail "the link was replaced"

# --- names are data, pipes with the names of a run's files are not waited for ---------------------------------------------------------
evil=$RESULTS/batch_isl1024_osl1024_20200102_000000_$'\e]0;title\a\e[31m\u202e'
cp -r "$batch" "$evil"
run evil "$BT" compare "$batch" "$evil"
status_is 0 "a name with escapes" evil
run evil_csv "$BT" results --csv "$RESULTS"
run evil_shot "$BT" shot results "$RESULTS" -o -
run evil_gone "$BT" compare "$batch" "$evil/nothing"
for f in evil.out evil_csv.out evil_shot.out evil_gone.err; do
	grep -q "$(printf '\033\\|\342\200\256')" "$T/$f" && fail "an escape from a name reaches $f"
done
stuck=$RESULTS/batch_isl1024_osl1024_20200103_000000
mkdir "$stuck"
mkfifo "$stuck/run.lock" "$stuck/events.jsonl" "$stuck/run.json" "$RESULTS/pipe.json"
run watch timeout 20 "$BT" watch --results-dir "$RESULTS"
[ "$STATUS" -ne 124 ] || fail "watch waits for a pipe"
run list timeout 20 "$BT" results "$RESULTS"
status_is 0 "a list with pipes in it" list
finish
