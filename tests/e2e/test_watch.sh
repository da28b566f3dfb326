#!/bin/bash
# watch follows a run of another process, shot draws it, and configuration files hold what is given every time.
. tests/e2e/lib.sh
command -v tmux >/dev/null || die "tmux is needed by this test (make deps)"
cd "$T" || exit 2
mkdir work results && cd work || exit 2
RESULTS=(--results-dir "$T/results")

# --- a run in the background, followed to its end ---------------------------------------------------------------------------
"$BT" perf --demo --conc 4 "${RESULTS[@]}" >"$T/runner.out" 2>&1 &
RUNNER=$!
started() { compgen -G "$T/results/batch_*/events.jsonl" >/dev/null; }
until_true 20 started || die "the run does not begin: $(cat "$T/runner.out")"
dir=$(echo "$T"/results/batch_*)
run live "$BT" watch --plain "${RESULTS[@]}"
wait "$RUNNER"
RUNNER_STATUS=$?
is "$STATUS" "$RUNNER_STATUS" "watch ends with the status of the run"
is "$RUNNER_STATUS" 0 "the run: $(tail -3 "$T/runner.out")"
has "$T/live.out" 'run batch_isl256_osl128_.*mode perf' "watch begins at the beginning"
has "$T/live.out" 'CONC=4: PASSED' "watch shows the row"
has "$T/live.out" 'COMPLETE: all 1 rows passed' "watch shows the end"

# --- a finished run: the same lines, JSON, pictures ---------------------------------------------------------------------------
run again "$BT" watch "$dir" --plain
status_is 0 "watch of a finished run" again
diff "$T/live.out" "$T/again.out" >/dev/null || fail "a replay differs from what was followed"
run json "$BT" watch "$dir" --json
is "$(wc -l <"$T/json.out")" "$(wc -l <"$dir/events.jsonl")" "JSON lines"
run txt "$BT" shot dashboard "$dir"
status_is 0 "shot" txt
has "$T/txt.out" '  4 .*passed' "the row is in the picture"
has "$T/txt.out" '  8 .*not run' "a row that did not run"
run svg "$BT" shot dashboard "${RESULTS[@]}" --size 100x30 -o "$T/one.svg"
status_is 0 "shot as svg" svg
"$BT" shot dashboard "${RESULTS[@]}" --size 100x30 -o "$T/two.svg"
cmp "$T/one.svg" "$T/two.svg" || fail "two pictures of one run differ"
has "$T/one.svg" '<svg' "svg"
run bad "$BT" shot dashboard "$T/nowhere"
status_is 1 "shot of nothing" bad
has "$T/bad.err" 'is no directory: name a run directory' "the sentence"

# --- in a terminal: the dashboard on the finished run ---------------------------------------------------------------------------
term_start 120 36
typed "$BT watch $dir"
wait_screen 15 '  4 .*passed' "the dashboard of a finished run"
keys q
until_true 10 screen_has 'READY> *$' || fail "q does not leave: $(screen)"
need

# --- kill -9 of the process that measures is told ---------------------------------------------------------------------------
rm -rf "$T/results"/*
"$BT" perf --demo -isl 256 -osl 128 "${RESULTS[@]}" >"$T/runner.out" 2>&1 &
RUNNER=$!
until_true 20 started || die "the second run does not begin: $(cat "$T/runner.out")"
"$BT" watch --plain "${RESULTS[@]}" >"$T/killed.out" 2>"$T/killed.err" &
WATCHER=$!
until_true 20 grep -qs 'begins, row 1' "$T/killed.out" || fail "watch does not follow: $(cat "$T/killed.out")"
kill -9 "$RUNNER"
wait "$WATCHER"
is "$?" 2 "status when the process that measures is gone"
has "$T/killed.err" "the process that measured \\(pid $RUNNER\\) ended without finishing the run" "kill -9 is told"
rm -rf "$T/results"/*
run none "$BT" watch "${RESULTS[@]}"
status_is 1 "watch without a run" none
has "$T/none.err" 'there is no run in' "the sentence"

# --- configuration: the default file changes nothing, a line in it does, keys move -----------------------------------------------
"$BT" --default-config >benchtop.conf || fail "--default-config"
run plain "$BT" shot dashboard "${RESULTS[@]}"
status_is 0 "the default file is accepted" plain
printf 'ascii = yes\nkey.SHEET = G\n' >>benchtop.conf
run ascii "$BT" shot dashboard "${RESULTS[@]}"
status_is 0 "a changed file" ascii
LC_ALL=C grep -q '[^ -~]' "$T/ascii.out" && fail "ascii = yes is not taken"
has "$T/ascii.out" ' G run' "the footer shows the new key"
printf 'key.STOP = q\n' >>benchtop.conf
run conflict "$BT" shot dashboard "${RESULTS[@]}"
status_is 1 "two actions on one key" conflict
has "$T/conflict.err" '^benchtop: benchtop.conf, line [0-9]+: key.STOP = q: q is the key of QUIT' "the sentence"
echo 'HF_TOKEN=hf_of_mine' >benchtop.conf
run secret "$BT" perf --demo "${RESULTS[@]}"
status_is 1 "a secret in a file" secret
has "$T/secret.err" 'HF_TOKEN is a secret' "the sentence"
has_not "$T/secret.err" 'hf_of_mine' "the secret is not repeated"
run help "$BT" --help
status_is 0 "help in spite of it" help
finish
