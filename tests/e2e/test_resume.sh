#!/bin/bash
# A run that was cut goes on in its own directory: what was measured stands, what was not is measured, nothing is posted twice.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"
small_track "$T/small.json"
mkdir "$T/w" && cd "$T/w" || exit 2
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
COMMON=(--track "$T/small.json" --corpus "$CORPUS")
PAIR=(-isl 1024 -osl 1024)
record() { fetch "$1/sim/record" >"$T/record.json" && json "$T/record.json" "$2"; }
sums() { (cd "$1" && find . -type f ! -name events.jsonl ! -name summary.txt ! -name run.lock | sort | xargs -r sha256sum); }
# kept BEFORE AFTER WHAT: every file of before is there, as it was
kept() { [ -z "$(comm -23 <(sort "$1") <(sort "$2"))" ] || fail "$3: a file changed: $(comm -23 <(sort "$1") <(sort "$2"))"; }
# begin NAME ARGUMENTS...: a run in the background, its pid in RUNNER
begin() {
	local name=$1
	shift
	"$BT" "$@" >"$T/$name.out" 2>&1 &
	RUNNER=$!
}
stalled() { [ "$(record "$1" "d['faults']")" -gt 0 ]; }
cut_off() { # NAME PATTERN [SIM]: kill -9 once the line is there, and the simulator's request stands still
	until_true 60 grep -qs -- "$2" "$T/$1.out" || fail "$1: '$2' did not come: $(tail -5 "$T/$1.out")"
	[ -z "${3:-}" ] || until_true 30 stalled "$3" || fail "$1: no request stands still"
	kill -9 "$RUNNER"
	wait "$RUNNER" 2>/dev/null
}

# --- kill -9 in the load of the second of three rows, submit mode ----------------------------------------------------------
# CONC 4 sends 16 requests; the 20th, of CONC 8, never ends
sim URL --time-scale 200 --fault stall@n=20
PORT=${URL##*:}
export PORT
begin cut submit "Rocket Team" "${PAIR[@]}" --conc 4,8,16 --post-flagged --leaderboard "$URL" "${COMMON[@]}"
until_true 60 grep -qs 'CONC=4: posted, the board confirms' "$T/cut.out" || fail "first post: $(tail -5 "$T/cut.out")"
until_true 60 grep -qs 'CONC=8: load' "$T/cut.out" || fail "the second row's load: $(tail -5 "$T/cut.out")"

dir=$(echo batch_isl1024_osl1024_*)
run alive "$BT" resume "$dir"
status_is 1 "a run that is alive" alive
has "$T/alive.err" 'is alive \(process [0-9]+\)' "a run that is alive"

cut_off cut 'CONC=8: load' "$URL"
[ -s "$dir/result_isl1024_osl1024_conc4.json" ] || fail "the first row has no result"
DOCUMENTS=$(record "$URL" "d['generates'] // 2")
sums "$dir" >"$T/before"
# the last line is torn as by a crash
printf '{"v":1,"seq":99999,"t":"2025-01-01T00:00:00.0' >>"$dir/events.jsonl"
reset_sim "$URL"
run cutlist "$BT" results .
has "$T/cutlist.out" 'batch_' "the cut run is listed"

# what must be as it was
sed 's/"prompts_per_conc": 4/"prompts_per_conc": 5/' "$T/small.json" >"$T/other.json"
run track "$BT" resume "$dir" --track "$T/other.json"
status_is 1 "another track" track
has "$T/track.err" 'is not the one of before' "another track"
sim OTHER --time-scale 200 --model some/other-model
run model "$BT" resume "$dir" --base-url "$OTHER"
status_is 1 "another model" model
has "$T/model.err" 'serves some/other-model, the rows before were measured on amd/' "another model"
is "$(record "$OTHER" "d['completions'], d['generates']")" "0 0" "nothing is sent to another model"
run option "$BT" resume "$dir" --conc 4
status_is 1 "rows cannot be chosen" option
run none "$BT" resume "$T/w/nowhere"
status_is 1 "no directory" none
has "$T/none.err" 'is no directory' "no directory"
grep -c run_started "$dir/events.jsonl" | grep -qx 1 || fail "a refused resume wrote into the journal"

# the environment of today says other things, which do not count
run resume env MODEL=of/today NUM_PROMPTS=3 CONC=64 LB_URL_OVERRIDE=http://127.0.0.1:1 TEAM_NAME_ENV=Today "$BT" resume "$dir/"
status_is 0 "resume" resume
need
has "$T/resume.out" 'the run goes on: 1 of 3 rows passed before, 2 are run now; CONC 8 was cut off' "what is done is said"
has_not "$T/resume.out" 'CONC=4: (begins|accuracy|load)' "the first row is not run again"
has "$T/resume.out" 'COMPLETE: all 3 rows passed and were posted' "the end"
is "$(record "$URL" "d['completions'], d['generates'], sorted((p[0], p[1]) for p in d['posts'])")" \
	"96 $((2 * DOCUMENTS)) [('Rocket Team', 8), ('Rocket Team', 16)]" "only the missing rows are sent and posted"
sums "$dir" >"$T/after"
kept "$T/before" "$T/after" "resume"
is "$(grep -c '^✓ CONC=[0-9]*: PASSED' "$dir/summary.txt")" 3 "summary.txt has all rows"
has "$dir/summary.txt" 'Multi-Concurrency Test Complete!' summary.txt
for c in 4 8 16; do
	is "$(json "$dir/result_isl1024_osl1024_conc$c.json" "d['successful_requests'], d['accuracy_validation']['status']")" "$((4 * c)) PASSED" "result of CONC $c"
done
is "$(json "$(echo "$dir"/resume_*/manifest.json)" "d['run'], d['settings']['model']")" "$dir $MODEL" "manifest of the resume"

# --- nothing left; the journal of the whole reads as one run -----------------------------------------------------------------
lines=$(wc -l <"$dir/events.jsonl")
run idle "$BT" resume "$dir"
status_is 0 "nothing to do" idle
has "$T/idle.out" 'nothing to do: all 3 rows passed' "nothing to do"
is "$(wc -l <"$dir/events.jsonl")" "$lines" "nothing is written when nothing is to be done"
is "$(record "$URL" "d['completions'], len(d['posts'])")" "96 2" "nothing is sent when nothing is to be done"
run watch "$BT" watch "$dir" --plain
status_is 0 "watch of a resumed run" watch
has "$T/watch.out" 'COMPLETE: all 3 rows passed' "watch shows the end"
run results "$BT" results "$dir" --json
is "$(json "$T/results.out" "d['passed'], d['failed'], [p['conc'] for p in d['points']]")" "3 0 [4, 8, 16]" "results of a resumed run"
run shot "$BT" shot dashboard "$dir" --size 120x36 --track "$T/small.json"
for c in 4 8 16; do has "$T/shot.out" " $c +✓ passed" "CONC $c in the picture"; done
run page "$BT" shot results "$dir" --size 120x36
status_is 0 "the run's page" page
has "$T/page.out" '3 of 3 passed' "the run's page"
mv "$dir" moved
run moved "$BT" resume moved
status_is 0 "a directory with another name" moved

# --- the result is on disk, the word of its end is lost; one post was on its way, one never left --------------------------------
rm -rf state && cp -r moved state
python3 - state/events.jsonl <<'PY'
import json, sys
path = sys.argv[1]
out, cell8 = [], False
for line in open(path):
    try: ev = json.loads(line)
    except ValueError: continue
    if ev["kind"] == "post_changed" and ev["cell"] == 0 and ev["state"] in ("sent", "confirmed"): continue
    if ev["kind"] == "post_changed" and ev["cell"] == 1: continue
    if ev["kind"] == "cell_done" and ev["cell"] == 1: break
    out.append(line if line.endswith("\n") else line + "\n")
open(path, "w").writelines(out)
PY
rm state/result_isl1024_osl1024_conc16.json
sums state | grep -v conc16 >"$T/before"
reset_sim "$URL"
run saved "$BT" resume state
status_is 4 "a post that may be at the board" saved
has "$T/saved.out" 'CONC 4 was measured before and is not posted: it may be on the board already' "an unknown post is left alone"
has "$T/saved.out" '2 of 3 rows passed before, 1 are run now' "a saved result counts"
has "$T/saved.out" 'CONC=8: PASSED' "its end is told"
is "$(record "$URL" "d['completions'], sorted(p[1] for p in d['posts'])")" "64 [8, 16]" "the saved row is posted, not measured"
sums state >"$T/after"
kept "$T/before" "$T/after" "resume of a saved row"
is "$(grep -c '^✓' state/summary.txt)" 3 "summary.txt"

# --- the last line lacks nothing but its end: it counts, and the next one gets a number of its own -------------------------------
rm -rf state && cp -r moved state
python3 - state/events.jsonl <<'PY'
import json, sys
out = []
for line in open(sys.argv[1]):
    out.append(line)
    try: ev = json.loads(line)
    except ValueError: continue
    if ev["kind"] == "cell_done" and ev["cell"] == 1: break
open(sys.argv[1], "w").write("".join(out).rstrip("\n"))
PY
run whole "$BT" resume state
has "$T/whole.out" '2 of 3 rows passed before, 1 are run now$' "the line without an end counts"
python3 - state/events.jsonl <<'PY' || fail "numbers of the events"
import json, sys
seq = []
for line in open(sys.argv[1]):
    try: seq.append(json.loads(line)["seq"])
    except ValueError: pass
assert seq == sorted(set(seq)), seq
PY

# --- cut in the accuracy of the first row; accuracy once is measured again on another server -------------------------------------
rm -rf batch_*
sim SLOW --time-scale 1
begin acc perf "${PAIR[@]}" --conc 4,8 --accuracy once --base-url "$SLOW" "${COMMON[@]}"
cut_off acc 'CONC=4: accuracy'
reset_sim "$URL"
dir=$(echo batch_*)
run acc2 "$BT" resume "$dir" --base-url "$URL"
status_is 0 "cut in accuracy" acc2
is "$(record "$URL" "d['completions'], d['generates'], len(d['posts'])")" "48 $DOCUMENTS 0" "both rows, accuracy once"
# a result is missing again: another server's accuracy does not count for this one
python3 - "$dir/events.jsonl" <<'PY'
import json, sys
out = []
for line in open(sys.argv[1]):
    ev = json.loads(line)
    if ev["kind"] == "cell_started" and ev["cell"] == 1: break
    out.append(line)
open(sys.argv[1], "w").writelines(out)
PY
reset_sim "$URL"
run acc3 "$BT" resume "$dir" --base-url "$URL"
status_is 0 "resumed again" acc3
is "$(record "$URL" "d['completions'], d['generates']")" "32 $DOCUMENTS" "accuracy is measured again"
ls "$dir"/result_isl1024_osl1024_conc8_*.json >/dev/null || fail "the earlier result is kept under its time"

# --- accuracy once on the same server: what it measured before the cut stands ---------------------------------------------------
rm -rf batch_*
run once "$BT" perf "${PAIR[@]}" --conc 4,8 --accuracy once "${COMMON[@]}"
status_is 0 "once" once
dir=$(echo batch_*)
python3 - "$dir/events.jsonl" <<'PY'
import json, sys
out = []
for line in open(sys.argv[1]):
    ev = json.loads(line)
    if ev["kind"] == "cell_started" and ev["cell"] == 1: break
    out.append(line)
open(sys.argv[1], "w").writelines(out)
PY
reset_sim "$URL"
run once2 "$BT" resume "$dir"
status_is 0 "once, resumed" once2
is "$(record "$URL" "d['completions'], d['generates']")" "32 0" "the same start of the server: its accuracy stands"

# --- failed rows: left alone, unless asked for --------------------------------------------------------------------------------------
rm -rf batch_*
sim HALF --time-scale 200 --fault "short@n=3" --fault "short@n=5" --fault "short@n=7"
run half "$BT" perf "${PAIR[@]}" --conc 4,8 --base-url "$HALF" "${COMMON[@]}"
status_is 2 "a row fails" half
dir=$(echo batch_*)
cp "$dir/requests_conc4.jsonl" "$T/requests_before"
run left "$BT" resume "$dir"
status_is 2 "the run's own status" left
has "$T/left.err" 'nothing to do: 1 of 2 rows passed.*--failed runs those again' "failed rows are named"
reset_sim "$HALF"
run failed "$BT" resume "$dir" --failed
status_is 0 "--failed" failed
is "$(record "$HALF" "d['completions']")" 16 "only the failed row is sent"
cmp -s "$T/requests_before" "$dir"/requests_conc4_*.jsonl || fail "the requests of the first try are kept"
is "$(grep -c '^✓' "$dir/summary.txt")" 2 "summary.txt after --failed"

# --- stopped by the user: the rest is run --------------------------------------------------------------------------------------------
rm -rf batch_*
sim SLOW2 --time-scale 1
begin int perf "${PAIR[@]}" --conc 4,8 --base-url "$SLOW2" "${COMMON[@]}"
until_true 60 grep -qs 'CONC=4: accuracy' "$T/int.out" || fail "stopped: $(tail -3 "$T/int.out")"
kill -INT "$RUNNER"
wait "$RUNNER"
is "$?" 130 "stopped"
reset_sim "$URL"
run int2 "$BT" resume batch_* --base-url "$URL"
status_is 0 "resume of a stopped run" int2
is "$(record "$URL" "d['completions']")" 48 "both rows"

# --- one configuration, and a sweep ---------------------------------------------------------------------------------------------------
rm -rf batch_* single_*
export ISL=1024 OSL=1024 CONC=4 RESULT_FILENAME=once NUM_PROMPTS=8
run single "$BT" perf "${COMMON[@]}"
status_is 0 "single" single
run single2 "$BT" resume single_*
status_is 0 "single with a result" single2
has "$T/single2.out" 'nothing to do' "single with a result"
unset ISL OSL CONC RESULT_FILENAME NUM_PROMPTS
mkdir plain && run plain "$BT" resume plain
status_is 1 "no run" plain
has "$T/plain.err" 'holds no events.jsonl' "no run"
sim STALL --time-scale 200 --fault stall@n=20
begin sweep perf --all --conc 4 --base-url "$STALL" "${COMMON[@]}"
cut_off sweep '1024/8192 CONC=4: load' "$STALL"
reset_sim "$STALL"
run sweep2 "$BT" resume sweep_*
status_is 0 "a sweep" sweep2
is "$(record "$STALL" "d['completions']")" 32 "two of three pairs"
for p in 1024_osl1024 1024_osl8192 8192_osl1024; do
	has "$(echo sweep_*/batch_isl${p}_*/summary.txt)" '^✓ CONC=4: PASSED' "summary of $p"
done
# --- prompts as text: the same tokenizer, wherever it lies now, and no other --------------------------------------------------------------
TOKENIZER=$ROOT/tests/data/tokenizer_small.json
cp "$TOKENIZER" then.json
sim TEXT --time-scale 200 --tokenizer "$TOKENIZER" --fault stall@n=20
begin text perf "${PAIR[@]}" --conc 4,8 --base-url "$TEXT" --tokenizer then.json --results-dir text "${COMMON[@]}"
cut_off text 'CONC=8: load' "$TEXT"
mv then.json gone.json
run nowhere "$BT" resume text/batch_*
status_is 1 "no tokenizer" nowhere
has "$T/nowhere.err" 'which is not there any more: give it with --tokenizer FILE' "no tokenizer"
python3 -c "import json; d = json.load(open('gone.json')); d['version'] = '1.0 '; json.dump(d, open('then.json', 'w'))"
run edited "$BT" resume text/batch_*
status_is 1 "another tokenizer" edited
has "$T/edited.err" 'the tokenizer .*then.json is not the one of before' "another tokenizer"
run text2 "$BT" resume text/batch_* --tokenizer gone.json
status_is 0 "text prompts go on" text2
has "$T/text2.out" 'prompts as text' "text prompts go on"
is "$(json "$(echo text/batch_*/result*conc8.json)" "d['benchtop']['prompts'], [f['code'] for f in d['benchtop']['flags'] if f['code'] == 'prompts as ids']")" "text []" "text prompts go on"

# --- the demo: its server and board are others each time --------------------------------------------------------------------------------
begin demo submit Demo --demo --conc 4,8 --results-dir demo
cut_off demo 'CONC=4: posted, the board confirms'
run demo2 "$BT" resume demo/batch_*
status_is 0 "the demo goes on" demo2
has "$T/demo2.out" 'COMPLETE: all 2 rows passed and were posted' "the demo goes on"
has_not "$T/demo2.out" 'CONC=4: (begins|posting)' "its first row stands"

# --- the dashboard tells of a run that was cut, and follows one that goes on -------------------------------------------------------------
command -v tmux >/dev/null || die "tmux is needed by this test (make deps)"
rm -rf batch_* sweep_* single_*
sim CUT --time-scale 200 --fault stall@n=20 --fault stall@n=52
begin term perf "${PAIR[@]}" --conc 4,8 --base-url "$CUT" "${COMMON[@]}"
cut_off term 'CONC=8: load' "$CUT"
dir=$(echo batch_*)
term_start 120 36
typed "$BT --base-url $CUT --track $T/small.json"
wait_screen 15 "cut in CONC 8: .benchtop resume $dir. goes on with the run" "the cut run is told"
keys q
until_true 10 screen_has 'READY> *$' || fail "q does not leave: $(screen)"
# from here on this run ended once: stopped, gone on, and alive
python3 - "$dir/events.jsonl" <<'PY'
import json, sys
last = None
for line in open(sys.argv[1]):
    try: last = json.loads(line)
    except ValueError: pass
with open(sys.argv[1], "a") as f:
    for kind, rest in (("cell_done", {"cell": 1, "status": "stopped", "duration_s": 1.0, "text": ""}),
                       ("run_finished", {"exit_status": 130, "passed": 1, "failed": 0, "posted": 0, "unposted": 0, "text": "stopped"})):
        last = {"v": 1, "seq": last["seq"] + 1, "t": last["t"], "wall_ns": last["wall_ns"], "mono_ns": last["mono_ns"], "kind": kind, **rest}
        f.write(json.dumps(last, separators=(",", ":")) + "\n")
PY
begin goes_on resume "$dir"
until_true 60 grep -qs 'CONC=8: load' "$T/goes_on.out" || fail "it does not go on: $(tail -3 "$T/goes_on.out")"
term_clear
typed "$BT --base-url $CUT --track $T/small.json"
wait_screen 15 ' 4 +✓ passed' "the earlier row"
wait_screen 15 ' 8 .*load' "the row in progress is followed"
keys x
wait_screen 15 'stopping after the requests in flight' "x stops the run that is followed"
keys x
wait "$RUNNER"
is "$?" 130 "stopped from the dashboard"
wait_screen 15 'f retry failed' "the footer offers to try again"
keys f
wait_screen 15 'CONC +8' "the sheet"
keys q q
finish
