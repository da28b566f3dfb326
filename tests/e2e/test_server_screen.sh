#!/bin/bash
# The server from the dashboard: start, its phases, leave and come back, edit, restart with a run, stop.
. tests/e2e/lib.sh
small_track "$T/small.json"
export STANDIN_SERVER=$ROOT/tests/e2e/standin_server STANDIN_SIM=$SIM STANDIN_TMP=$T STANDIN_STEP=0.05
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
PORT=$(python3 -c 'import socket; s=socket.create_server(("127.0.0.1",0)); print(s.getsockname()[1])')
export PORT
mkdir -p "$T/w" "$T/code/sglang/python" && cd "$T/w" || exit 2
cp "$ROOT/tests/e2e/standin_launch.sh" launch_sglang_server.sh
RECORD=$XDG_CACHE_HOME/benchtop/server-$PORT.json
# a checkout that is served, and edited later
(cd "$T/code/sglang" && git init -q . && echo 'x = 1' >python/scheduler.py && git add -A &&
	git -c user.name=t -c user.email=t@invalid commit -qm one) >/dev/null 2>&1
export BENCHTOP_CODE=$T/code
end_all() {
	pid=$(sed -n 's/^  "pid": \([0-9]*\),$/\1/p' "$RECORD" 2>/dev/null)
	[ -n "$pid" ] && { kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null; }
	cleanup
}
trap end_all EXIT
open() { typed "$BT --track $T/small.json --corpus $CORPUS --num-prompts 8"; }

term_start 120 36
open
wait_screen 15 'absent' "no server at first"
keys S
wait_screen 5 'start it' "the server's choices"
keys Enter
wait_screen 60 'starting' "the start shows"
wait_screen 60 '(loading|capturing|weights|graphs).*[0-9]+' "phases move"
wait_screen 90 '● ready' "ready"
keys q
wait_screen 10 'READY>' "leaving"
log=$(sed -n 's/^  "log": "\([^"]*\)".*/\1/p' "$RECORD")
[ -s "$log" ] || fail "the record does not name the log: $(cat "$RECORD")"
# another log with a newer time must not be taken for the server's
touch "$T/sglang-server-zzzzzz.log"
open
wait_screen 20 "ready.*$(basename "$log" | cut -c1-18)" "the server lives, its log is found through the process"
keys L
wait_screen 10 'fired up' "the log screen shows the server's log"
keys 1
# an edit after the start
echo 'x = 2' >"$T/code/sglang/python/scheduler.py"
wait_screen 40 'code changed.*scheduler.py|scheduler.py.*changed' "an edit shows"
# the daily loop: R, Enter
keys a
keys a
keys a
keys Space
keys R
wait_screen 5 'restarted first' "the sheet says that the server is restarted"
keys Enter
wait_screen 60 'starting|waiting for the server|stopp' "the restart begins"
wait_screen 120 '  4 .*(load|passed)' "the run begins when the server is ready"
wait_screen 60 'all 1 rows passed' "the run passes"
keys S
wait_screen 5 'stop it' "the server's choices"
keys Down
keys Enter
wait_screen 60 'absent' "the server stops"
keys q
wait_screen 10 'READY>' "leaving"
finish
