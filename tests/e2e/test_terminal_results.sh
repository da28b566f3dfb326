#!/bin/bash
# The screens of results in a real terminal: list, page, reference, comparison, curve, picture, and the way back and out.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"
[ -n "$SANITIZED" ] && W=30 || W=10

small_track "$T/small.json"
sim URL --time-scale 100
cd "$T" || exit 2
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview
HERE=(--track "$T/small.json" --corpus "$CORPUS" --base-url "$URL" --results-dir "$T/runs")
mkdir runs

# --- two runs of one pair, a sweep of all pairs, and one that is broken ------------------------------------------------------
measure() { # NAME ARGUMENTS...
	local name=$1
	shift
	run "$name" "$BT" perf "$@" "${HERE[@]}" --accuracy once
	status_is 0 "$name" "$name"
	need
}
measure first -isl 1024 -osl 1024 --conc 4,8
FIRST=$(basename "$(echo runs/batch_isl1024_*)")
measure second -isl 1024 -osl 1024 --conc 4,8,16
SECOND=$(basename "$(ls -d runs/batch_isl1024_* | tail -1)")
measure sweep --all --conc 4
[ "$FIRST" != "$SECOND" ] || fail "both runs have one directory"
mkdir runs/batch_isl1024_osl1024_20240101_000000
echo '{ broken' >runs/batch_isl1024_osl1024_20240101_000000/run.json
SWEEP=$(basename "$(echo runs/sweep_*)")
# of its pairs a sweep holds directories that must not be listed as runs of their own
RUNS=4

# the line with the mark of the focus
focus() { screen | grep -E '▸' | head -1; }
# down N: N lines down, and waits until the title of the lower box names the run
on_run() { # NAME: the focus goes there
	keys Home
	local i
	for ((i = 0; i < RUNS; i++)); do
		until_true 2 screen_has "$1" && return 0
		keys Down
	done
	fail "the focus does not come to $1: $(screen)"
}
up() {
	typed "$BT ${HERE[*]}"
	wait_screen $((W * 2)) '\? keys' "the dashboard" || die "no dashboard"
}

for size in 80x24 120x36; do
	rm -f runs/.benchtop/reference
	term_shell "${size%x*}" "${size#*x}"
	up
	# --- the list --------------------------------------------------------------------------------------------------------------
	keys 3
	wait_screen $W "$RUNS runs" "$size: the list"
	wait_screen $W 'cannot be read' "$size: the broken run is listed with its reason"
	on_run "$SWEEP"
	# Ctrl-F3, and End as another terminal sends it: neither its 5 nor its R nor its 4 is a key
	tm send-keys -H 1b 5b 31 3b 35 52
	tm send-keys -H 1b 4f 46
	wait_screen $W "▸.*cannot be read" "$size: End in another form, behind a sequence that is no key"
	on_run "$SWEEP"
	keys End
	wait_screen $W 'batch_isl1024_osl1024_20240101' "$size: the focus on the broken run"
	keys Enter
	wait_screen $W '! this run cannot be read' "$size: what is broken is not opened"
	# --- a page, and back ------------------------------------------------------------------------------------------------------
	on_run "$FIRST"
	keys Enter
	wait_screen $W "$FIRST" "$size: the page"
	wait_screen $W 'q back' "$size: the page says how to go back"
	keys q
	wait_screen $W "$RUNS runs" "$size: q goes back to the list"
	# --- the reference -----------------------------------------------------------------------------------------------------------
	keys c
	wait_screen $W 'v pins a run' "$size: without a reference nothing is compared"
	keys v
	wait_screen $W 'reference: [0-9]{4}-[0-9]{4}' "$size: the reference is pinned"
	is "$(cat runs/.benchtop/reference)" "$FIRST" "$size: the pin on disk"
	# --- comparison, resized while it is open ------------------------------------------------------------------------------------
	on_run "$SECOND"
	keys c
	wait_screen $W 'Is B faster than A' "$size: the comparison"
	tm resize-window -x 100 -y 30
	until_true $W eval '[ "$(screen | sed -n "\$p" | grep -c "q back")" = 1 ]' || fail "$size: footer after a resize: $(screen)"
	screen_has 'Is B faster than A' || fail "$size: comparison after a resize: $(screen)"
	tm resize-window -x 50 -y 12
	wait_screen $W '60' "$size: too small a window says what is needed"
	tm resize-window -x "${size%x*}" -y "${size#*x}"
	wait_screen $W 'Is B faster than A' "$size: comparison after coming back"
	keys q
	wait_screen $W "$RUNS runs" "$size: back from the comparison"
	# --- the curve -----------------------------------------------------------------------------------------------------------------
	keys 4
	wait_screen $W 'points above B200' "$size: the curve"
	screen_has '1024/1024' || fail "$size: the curve's pair: $(screen)"
	keys P
	wait_screen $W 'picture: .*benchtop_' "$size: the picture is written"
	svg=$(ls runs/benchtop_*.svg | tail -1)
	grep -q 'points above B200' "${svg%.svg}.txt" || fail "$size: the picture shows something else: $(cat "${svg%.svg}.txt")"
	rm -f runs/benchtop_*
	keys q
	wait_screen $W "$RUNS runs" "$size: back from the curve"
	# --- a filter ------------------------------------------------------------------------------------------------------------------
	keys /
	wait_screen $W 'Only these runs' "$size: the filter's line"
	keys 8192/1024 Enter
	wait_screen $W '  1 run' "$size: only the sweep has that pair"
	keys / C-u Enter
	wait_screen $W "$RUNS runs" "$size: all of them again"
	keys '?'
	wait_screen $W 'Keys of the results' "$size: help"
	keys q
	# --- the dashboard against the reference ---------------------------------------------------------------------------------------
	keys 1
	wait_screen $W 'ref: [0-9]{4}-[0-9]{4}' "$size: the reference on the dashboard"
	keys q
	term_sane "$size: q"
done

# --- it survives, a run is measured against it -----------------------------------------------------------------------------------
term_shell 120 36
up
wait_screen $W 'ref: [0-9]{4}-[0-9]{4}' "the reference of before"
screen_has 'vs ref %' || fail "no column against the reference: $(screen)"
wait_screen $((W * 2)) 'ready' "the server is ready"
keys r
wait_screen $W 'Run sheet' "the sheet"
keys Enter
wait_screen $((W * 3)) ' 4 .*passed .*[+-][0-9.]+±[0-9.]+ +[-+=]' "the row against the reference"
keys 3
wait_screen $W "$((RUNS + 1)) runs" "the run that ended is in the list"
keys 1
keys 4
wait_screen $W 'this run' "the curve of the run on the dashboard"
keys q
wait_screen $W 'Sweep' "back on the dashboard"
keys q
term_sane "after a run"

# --- its run is gone ---------------------------------------------------------------------------------------------------------------
mv "runs/$FIRST" "$T/elsewhere"
up
wait_screen $W 'reference .*is not there any more' "a reference that is gone is told"
[ ! -e runs/.benchtop/reference ] || fail "the pin of a run that is gone is kept"
# SIGTERM while a list is open
keys 3
wait_screen $W "$RUNS runs" "the list without it"
kill -TERM "$(term_child)"
term_sane "SIGTERM on the list"

# --- shot: the same screens without a terminal ---------------------------------------------------------------------------------------
run list "$BT" shot results "$T/runs" --size 120x36
status_is 0 "shot of the list" list
has "$T/list.out" "$RUNS runs" "shot of the list"
run page "$BT" shot results "$T/runs/$SECOND" --track "$T/small.json"
status_is 0 "shot of a page" page
has "$T/page.out" "$SECOND" "shot of a page"
run curve "$BT" shot curve "$T/runs/$SECOND" --track "$T/small.json"
status_is 0 "shot of a curve" curve
has "$T/curve.out" 'points above B200: . of 3' "shot of a curve"
run compare "$BT" shot compare "$T/elsewhere" "$T/runs/$SECOND" --results-dir "$T/runs"
status_is 0 "shot of a comparison" compare
has "$T/compare.out" 'Is B faster than A' "shot of a comparison"
run one "$BT" shot compare "$T/runs/$SECOND"
status_is 1 "a comparison of one" one
has "$T/one.err" 'two runs' "a comparison of one"
run none "$BT" shot results "$T/nothing-here"
status_is 1 "a directory that is not there" none

finish
