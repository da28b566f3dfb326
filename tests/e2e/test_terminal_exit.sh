#!/bin/bash
# Every way to end leaves the terminal as it was, strays do not reach the screen; a storm of sizes while a run streams.
. tests/e2e/lib.sh
cd "$T" || exit 2
[ -n "$SANITIZED" ] && W=20 || W=5
export_type='TERM=xterm-256color'

# up WORDS...: types the words, the dashboard comes up whole
up() {
	typed "$*"
	until_true $((W * 4)) screen_has 'ready' && until_true $W screen_has '\? keys' ||
		fail "$*: no dashboard: $(screen)"
	for row in 4 8 16 32 64; do screen_has "\[x\] +$row " || fail "$*: no row $row: $(screen)"; done
}
down() { keys q && term_sane "$1"; }

term_shell 100 30

# --- each way to end leaves the terminal as it was; strays do not reach the screen -----------------------------------------------
ended() { ! kill -0 "$1" 2>/dev/null; }
for how in 'TERM child' 'TERM keeper' 'HUP child' 'KILL child' 'ABRT child' 'SEGV child' 'KILL keeper'; do
	up "$export_type $BT --demo --mouse"
	keeper=$(term_keeper) child=$(term_child)
	echo STRAY-TEXT 1<>"/proc/$child/fd/2" # what it points to, not what it pointed to at the start
	echo STRAY-TEXT 1<>"/proc/$child/fd/1"
	keys C-l
	until_true $W screen_has '\? keys' || fail "Ctrl-L"
	screen_has STRAY-TEXT && fail "what a library prints reaches the screen: $(screen)"
	case $how in *child) kill "-${how% *}" "$child" ;; *) kill "-${how% *}" "$keeper" ;; esac
	until_true $((W * 3)) ended "$child" || fail "kill -$how: the dashboard stays"
	until_true $W eval '[ "$(tm display -p "#{alternate_on}")" = 0 ]' || fail "kill -$how: the screen is not given back"
	case $how in
	*keeper) keys Enter ;;
	SEGV*) [ -z "$SANITIZED" ] || until_true $W screen_has 'Sanitizer' || fail "a sanitizer's last words are lost: $(screen)" ;;
	KILL*) until_true $W screen_has 'ended by signal 9' || fail "kill -$how: not said: $(screen)" ;;
	esac
	term_sane "kill -$how"
done

# --- a storm of sizes while a run streams ------------------------------------------------------------------------------------------
tm resize-window -x 120 -y 36
up "$export_type $BT --demo"
keys Down Down Down Down r
until_true $W screen_has 'Run sheet' || fail "no run sheet: $(screen)"
keys Enter
until_true $((W * 6)) screen_has 'load +[0-9]+%' || fail "the load does not begin: $(screen)"
RANDOM=4711
for i in $(seq 60); do
	tm resize-window -x $((10 + RANDOM % 240)) -y $((3 + RANDOM % 77))
	pause 0.1
	[ $((i % 7)) = 0 ] && keys Down C-l
done
tm resize-window -x 120 -y 36
until_true $((W * 10)) screen_has 'passed.*[0-9]' || fail "the run does not pass after the storm: $(screen)"
# what stands there is what painting everything anew gives
same() {
	local before after
	before=$(screen | grep -vE 'up |[0-9]:[0-9]{2}:[0-9]{2}')
	keys C-l
	pause 0.3
	after=$(screen | grep -vE 'up |[0-9]:[0-9]{2}:[0-9]{2}')
	[ "$before" = "$after" ] && [ "$(screen | wc -l)" = 36 ]
}
until_true $((W * 2)) same || fail "the screen is not right after the storm: $(screen)"
screen_has '\? keys' || fail "no footer after the storm: $(screen)"
late=$(cat "$T"/benchtop-demo-*/*/events.jsonl | python3 -c '
import json, sys
facts = [json.loads(line) for line in sys.stdin]
load = [f for f in facts if f["kind"] == "load_measured"][-1]
print(load["completed"], load["failed"], "%.3f" % load["late_p99_ms"])')
read -r completed failed p99 <<<"$late"
is "$completed $failed" "512 0" "requests of the run in the storm"
echo "resize storm: client late p99 $p99 ms"
python3 -c "import sys; sys.exit(float('$p99') > (${SANITIZED:-0} and 100 or 10))" || fail "the storm made the client late: p99 $p99 ms"
down "after the storm"
finish
