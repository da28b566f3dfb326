#!/bin/bash
# What goes wrong is said in a sentence that names the thing and the remedy, soon, with the right exit status.
. tests/e2e/lib.sh
small_track "$T/small.json"
sim URL --time-scale 20
mkdir "$T/w" && cd "$T/w" || exit 2
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview PORT=${URL##*:} TP=8
COMMON=(--track "$T/small.json" --corpus "$CORPUS")
PAIR=(-isl 1024 -osl 1024)

soon() { # NAME STATUS PATTERN COMMAND...: within ten seconds
	local name=$1 want=$2 pattern=$3 t0=$SECONDS
	shift 3
	run "$name" "$@"
	status_is "$want" "$name" "$name"
	has "$T/$name.err" "$pattern" "$name"
	[ $((SECONDS - t0)) -le ${SANITIZED:+3}10 ] || fail "$name took $((SECONDS - t0)) s"
}

soon no_server 2 'no server.*127.0.0.1:1.*(PORT|--base-url)' env PORT=1 "$BT" perf "${PAIR[@]}" "${COMMON[@]}"
soon no_model 1 'MODEL' env -u MODEL "$BT" perf "${PAIR[@]}" "${COMMON[@]}"
soon no_team 1 'team' env -u TEAM_NAME_ENV "$BT" submit "${PAIR[@]}" "${COMMON[@]}"
soon bad_conc 1 'CONC.*abc' env CONC=abc "$BT" perf "${COMMON[@]}"
soon bad_port 1 'PORT.*80x' env PORT=80x "$BT" perf "${COMMON[@]}"
soon bad_option 1 'num-prompt.*num-prompts' "$BT" perf --num-prompt 3
for mode in acc perf "submit Team"; do
	# shellcheck disable=SC2086
	soon "pair_${mode%% *}" 1 'ISL 1024 / OSL 2048.*1024/1024, 1024/8192' "$BT" $mode -isl 1024 -osl 2048 "${COMMON[@]}"
done
fetch "$URL/sim/record" >record.json
is "$(json record.json "d['completions'], d['generates'], len(d['posts'])")" "0 0 0" "nothing is sent before the input is right"
is "$(find . -maxdepth 1 -name 'batch_*' -o -maxdepth 1 -name 'single_*' | wc -l)" 0 "nothing half-done is left behind"

# --- gate: one metric above its limit ----------------------------------------------------------------------------------------
sim BAD --time-scale 20 --bpb 0.48
run gate "$BT" perf "${PAIR[@]}" --conc 4 --base-url "$BAD" "${COMMON[@]}"
status_is 3 "gate failed" gate
has "$T/gate.out" 'gate FAILED.*(bits_per_byte|byte_perplexity|word_perplexity) [0-9.]+.*(0\.46|1\.40|3\.34|3\.35)' "metric, value and limit"
fetch "$BAD/sim/record" >record.json
is "$(json record.json "d['completions']")" 0 "no load run after a failed gate"

# --- accuracy that cannot be trusted is refused ---------------------------------------------------------------------------------
for f in no-bos:begin-of-sentence null-logprob:null wrong-length:log.prob; do
	sim S --time-scale 20 --fault "${f%%:*}"
	run "acc_${f%%:*}" "$BT" acc "${PAIR[@]}" --conc 4 --base-url "$S" "${COMMON[@]}"
	status_is 2 "${f%%:*}" "acc_${f%%:*}"
	has "$T/acc_${f%%:*}.out" "FAILED.*${f##*:}" "${f%%:*} has its sentence"
done
sim ECHO --time-scale 20 --fault no-generate
run echo "$BT" acc "${PAIR[@]}" --conc 4 --base-url "$ECHO" "${COMMON[@]}"
status_is 0 "echo fallback" echo
has "$T/echo.out" '/v1/completions' "echo fallback is named"

# --- a board that says no, sleeps, or says nothing ----------------------------------------------------------------------------------
for f in board-refuse board-error board-asleep; do
	sim S --time-scale 20 --fault "$f"
	run "$f" "$BT" submit "Rocket Team" "${PAIR[@]}" --conc 4 --base-url "$URL" --leaderboard "$S" --post-flagged --post-later "${COMMON[@]}" &
	pid=$!
	if [ $f = board-asleep ]; then
		until_true 60 grep -q 'post waiting' "$T/$f.out" || fail "$f: waiting is not said: $(cat "$T/$f.out")"
		pkill -INT -P $pid -x benchtop || pkill -INT -P $pid || :
		wait $pid
	else
		wait $pid
		has "$T/$f.out" 'posting is confirmed for 0 only' "$f"
	fi
	ls batch_*/result_isl1024_osl1024_conc4.json >/dev/null || fail "$f: the result is not kept"
done

# --- a row that fails does not stop the batch ------------------------------------------------------------------------------------------
sim HALF --time-scale 20 --fault "short@p=0.5"
run half "$BT" perf "${PAIR[@]}" --conc 4,8 --base-url "$HALF" "${COMMON[@]}"
status_is 2 "more than 5 % failed" half
has "$T/half.out" 'CONC=4: FAILED .*requests failed' "first row"
has "$T/half.out" 'CONC=8: FAILED .*requests failed' "second row is run all the same"
grep -l '^Failed: 2$' batch_*/summary.txt >/dev/null || fail "summary tells of the failures"

# --- a server that dies in mid-load ----------------------------------------------------------------------------------------------------
sim DYING --time-scale 1 --fault die@after=6
run dying "$BT" perf "${PAIR[@]}" --conc 4 --base-url "$DYING" "${COMMON[@]}"
status_is 2 "server died" dying
has "$T/dying.out" 'FAILED' "server died"

# --- Ctrl-C: what is measured is kept -----------------------------------------------------------------------------------------------------
sim SLOW --time-scale 1
"$BT" perf "${PAIR[@]}" --conc 4,8 --base-url "$SLOW" "${COMMON[@]}" >"$T/int.out" 2>&1 &
pid=$!
until_true 60 grep -q 'CONC=4: load' "$T/int.out" || fail "load never began: $(cat "$T/int.out")"
kill -INT $pid
until_true 10 grep -q 'stopping after' "$T/int.out" || fail "first Ctrl-C"
kill -INT $pid
wait $pid
STATUS=$?
cp "$T/int.out" "$T/int.err"
status_is 130 "stopped by the user" int
has "$T/int.out" 'CONC=4: STOPPED' "stopped row"
has_not "$T/int.out" 'CONC=8: begins' "no further row"
finish
