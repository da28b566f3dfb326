#!/bin/bash
# The server from benchtop: start with its phases, attach, restart, stop, and what is said when something is wrong.
. tests/e2e/lib.sh
small_track "$T/small.json"
export STANDIN_SERVER=$ROOT/tests/e2e/standin_server STANDIN_SIM=$SIM STANDIN_TMP=$T STANDIN_STEP=0.02
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
PORT=$(python3 -c 'import socket; s=socket.create_server(("127.0.0.1",0)); print(s.getsockname()[1])')
export PORT
mkdir "$T/w" && cd "$T/w" || exit 2
cp "$ROOT/tests/e2e/standin_launch.sh" launch_sglang_server.sh
RECORD=$XDG_CACHE_HOME/benchtop/server-$PORT.json
LOGS=()

pid_on_port() { python3 - "$PORT" <<'PY'
import os, sys
want = "%04X" % int(sys.argv[1])
inodes = {"socket:[%s]" % f[9] for t in ("tcp", "tcp6") for f in map(str.split, open("/proc/net/" + t)) if f[1].endswith(":" + want) and f[3] == "0A"}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if any(os.readlink("/proc/%s/fd/%s" % (pid, fd)) in inodes for fd in os.listdir("/proc/%s/fd" % pid)):
            print(pid)
    except OSError:
        pass
PY
}
port_closed() { [ -z "$(pid_on_port)" ]; }
gone() { ! kill -0 "$1" 2>/dev/null || [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null)" = Z ]; }
session_gone() { ! cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | awk -v sid="$1" '$4 == sid && $1 != "Z" { found = 1 } END { exit !found }'; }
log_of() { sed -n 's/.*; log \(\/tmp\/sglang-server-[A-Za-z0-9]*\.log\).*/\1/p' "$1" | tail -1; }
status_has() { "$BT" server status >"$T/st.out" 2>&1 || :; grep -qE -- "$1" "$T/st.out"; }
end_all() { # whatever a failed test left
	for pid in $(pid_on_port) $(sed -n 's/^  "pid": \([0-9]*\),$/\1/p' "$RECORD" 2>/dev/null); do
		kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
	done
	rm -f "${LOGS[@]}"
	cleanup
}
trap end_all EXIT

# --- nothing is there ---------------------------------------------------------------------------------------------------------
run none "$BT" server status
status_is 2 "nothing there" none
has "$T/none.out" 'absent: nothing listens' "nothing there"
run none "$BT" server stop
status_is 0 "nothing to stop" none
(cd "$T" && run nos "$BT" server start && status_is 1 "no script" nos && has "$T/nos.err" 'launch_sglang_server.sh.*--server-script' "no script"; exit $FAILED) || FAILED=1
run nom env -u MODEL "$BT" server start
status_is 1 "no MODEL" nom
run nof "$BT" server start --server-script "$T/absent.sh"
status_is 1 "script is not there" nof
has "$T/nof.err" 'absent.sh' "script is not there"

# --- start: the phases move, ready; the program ends, the server lives -----------------------------------------------------------
export HF_TOKEN=hf_secret_of_the_user STANDIN_HOLD=$T/go
run start "$BT" server start &
until_true 60 grep -qs 'capturing graphs 6/20; building module_moe_sorting' "$T/start.out" || fail "the graph capture does not show: $(cat "$T/start.out")"
status_has 'starting.* %.*capturing graphs' || fail "status of a start: $(cat "$T/st.out")"
has "$T/st.out" 'started by benchtop' "status of a start"
run busy "$BT" server start
status_is 1 "a second start while it starts" busy
has "$T/busy.err" 'a server is starting.*launch_sglang_server.sh.*since' "a second start while it starts"
: >"$T/go"
wait $!
grep -q 'server ready' "$T/start.out" || fail "not ready: $(cat "$T/start.out" "$T/start.err")"
has "$T/start.out" 'server: ready after' "ready"
for phase in importing 'loading weights [0-9]+/82' 'capturing graphs'; do has "$T/start.out" "$phase" "phases"; done
has_not "$T/start.out" 'server ready.*Uvicorn' "ready is not Uvicorn"
awk '/server starting/ { for (i = 1; i <= NF; i++) if ($i == "%") { if ($(i-1) + 0 < last) exit 1; last = $(i-1) + 0 } } END { exit last < 50 }' "$T/start.out" ||
	fail "the percentage falls or does not move: $(cat "$T/start.out")"
LOG=$(log_of "$T/start.out")
LOGS+=("$LOG")
is "$(stat -c %a "$LOG")" 600 "the log is the owner's"
has "$LOG" 'fired up and ready to roll' "both streams are in the log"
has "$LOG" '^\+ ' "the launcher's lines, too"
FIRST=$(pid_on_port)
[ -n "$FIRST" ] || fail "the server does not live on"
is "$(tr '\0' '\n' <"/proc/$FIRST/environ" | grep -c -e "^SERVER_LOG=$T/sglang" -e '^HF_TOKEN=hf_secret_of_the_user$' -e "^TP=8$")" 3 "the user's variables are passed on"
for f in "$T/start.out" "$LOG" "$RECORD"; do has_not "$f" 'hf_secret' "secrets"; done
need

# --- status, and a port that is taken ----------------------------------------------------------------------------------------------
run st "$BT" server status
status_is 0 "status of a ready server" st
has "$T/st.out" "ready.*serves $MODEL" "status"
has "$T/st.out" "held by pid $FIRST \\(.*standin_server.*since" "status names the process"
has "$T/st.out" "^log: $LOG$" "status names the log"
run st "$BT" server status --json
is "$(json "$T/st.out" "d['phase'], d['pid'], d['log']")" "ready $FIRST $LOG" "status as JSON"
run taken "$BT" server start
status_is 1 "a taken port" taken
has "$T/taken.err" "port $PORT is held by pid $FIRST .*since .*server stop" "a taken port: by whom, since when, what to do"

# --- attach: the log is found through the process, not by its name or age --------------------------------------------------------------
rm "$RECORD"
DECOY=$(mktemp /tmp/sglang-server-XXXXXX.log)
LOGS+=("$DECOY")
status_has "^log: $LOG$" || fail "attach: $(cat "$T/st.out")"
has_not "$T/st.out" 'started by benchtop' "without the record nobody knows who started it"

# --- restart before a run ----------------------------------------------------------------------------------------------------------------
run restart "$BT" perf -isl 1024 -osl 1024 --conc 4 --accuracy skip --restart-server --track "$T/small.json" --corpus "$CORPUS"
status_is 0 "perf --restart-server" restart
has "$T/restart.out" 'server: stopped cleanly' "the old one is stopped"
has "$T/restart.out" 'started as pid.*ISL=1024 OSL=1024 CONC=4' "the plan's row is exported"
has "$T/restart.out" 'server starting: .*(loading|capturing)' "its phases are told"
has "$T/restart.out" 'COMPLETE' "the run"
LOGS+=("$(log_of "$T/restart.out")")
SECOND=$(pid_on_port)
[ -n "$SECOND" ] && [ "$SECOND" != "$FIRST" ] || fail "there is no new server: '$SECOND' after '$FIRST'"
has_not "$XDG_CACHE_HOME"/benchtop/start-*.json '"total_s": 0' "durations are kept"
need

# --- stop: drained, everything of it gone ---------------------------------------------------------------------------------------------------
SESSION=$(sed -n 's/^  "pid": \([0-9]*\),$/\1/p' "$RECORD")
run stop "$BT" server stop
status_is 0 "stop" stop
has "$T/stop.out" 'stopped cleanly' "stop"
port_closed || fail "the port is still held"
has "${LOGS[-1]}" 'SIGTERM received.*Draining' "it was asked, not killed"
session_gone "$SESSION" || fail "something of its session is left"
[ ! -e "$RECORD" ] || fail "the record is left"

# --- started for long prompts at high concurrency; it kills itself by 9 after it drained: clean, too ------------------------------------------
run long env ISL=8192 OSL=1024 CONC=64 DRAIN=1 "$BT" server start
status_is 0 "start" long
LOGS+=("$(log_of "$T/long.out")")
has "$T/long.out" 'ISL=8192 OSL=1024 CONC=64' "what the script will see is shown"
has "$T/long.out" 'left ' "the last start gives the time left"
has "${LOGS[-1]}" 'chunked-prefill-size=32768' "the script saw it"
run stop "$BT" server stop
status_is 0 "killed by 9 after a drain" stop
has "$T/stop.out" 'stopped cleanly' "killed by 9 after a drain"

# --- a server that does not listen to SIGTERM ---------------------------------------------------------------------------------------------------
run deaf env IGNORE_TERM=1 "$BT" server start
LOGS+=("$(log_of "$T/deaf.out")")
DEAF=$(pid_on_port)
run stop "$BT" server stop --grace 1s
status_is 0 "a deaf server" stop
has "$T/stop.out" 'did not end within 1s.*killed' "a deaf server"
gone "$DEAF" || fail "the deaf server lives"
port_closed || fail "the port of the deaf server is held"

# --- a start that dies in the graph capture ----------------------------------------------------------------------------------------------------------
run dies env DIE_IN=capture "$BT" server start
status_is 2 "a start that dies" dies
LOGS+=("$(log_of "$T/dies.out")")
has "$T/dies.err" 'start failed.*TP2: Scheduler hit an exception: torch.OutOfMemoryError: HIP out of memory.*log: /tmp/sglang-server-' "the decisive lines"
status_has 'absent' || fail "after a failed start: $(cat "$T/st.out")"

# --- waiting ends, the start goes on; it can be ended ---------------------------------------------------------------------------------------------------
rm "$T/go"
run wait "$BT" server start --wait-server 1s
status_is 2 "--wait-server is over" wait
has "$T/wait.err" 'goes on starting as pid [0-9]+; its log is /tmp/' "--wait-server is over"
LOGS+=("$(log_of "$T/wait.out")")
run end "$BT" server stop
status_is 0 "ending a start" end
has "$T/end.out" 'ending the start' "ending a start"
status_has 'absent' || fail "after an ended start: $(cat "$T/st.out")"
"$BT" server start >"$T/int.out" 2>"$T/int.err" &
until_true 30 grep -qs 'started as pid' "$T/int.out" || fail "no start to interrupt"
kill -INT $!
wait $!
is $? 130 "an interrupted start"
has "$T/int.err" 'goes on starting' "an interrupted start"
LOGS+=("$(log_of "$T/int.out")")
: >"$T/go"
until_true 60 status_has '^server ready' || fail "it did not go on: $(cat "$T/st.out")"
run end "$BT" server stop
status_is 0 "stop" end
run none "$BT" server start --wait-server 0
status_is 0 "--wait-server 0" none
LOGS+=("$(log_of "$T/none.out")")
run end "$BT" server stop
status_is 0 "stop right after a start" end
need

# --- started by somebody else: a pipe's reader keeps the log; a terminal keeps none -------------------------------------------------------------------------
setsid bash -c "bash launch_sglang_server.sh 2>&1 | tee '$T/kept.txt' >/dev/null" &
until_true 60 status_has '^server ready' || fail "not ready behind tee: $(cat "$T/st.out")"
has "$T/st.out" "^log: $T/kept.txt$" "the file of the pipe's reader"
run end "$BT" server stop
status_is 0 "stop of a foreign start" end
port_closed || fail "the foreign server lives"
term_start 100 30
typed "bash launch_sglang_server.sh"
until_true 60 status_has '^server ready' || fail "not ready in a terminal: $(cat "$T/st.out")"
has "$T/st.out" 'log: .*terminal and cannot be read: restart it from benchtop' "a log in a terminal"
run end "$BT" server stop
status_is 0 "stop of a server in a terminal" end
screen_has 'READY>' || until_true 10 screen_has 'READY>' || fail "the shell of the terminal was hit"

# --- somebody else's program on the port -----------------------------------------------------------------------------------------------------------------------
python3 -m http.server "$PORT" --bind 127.0.0.1 >/dev/null 2>&1 &
OTHER=$!
SIM_PIDS+=("$OTHER")
until_true 20 eval '! port_closed' || fail "the other program does not listen"
run other "$BT" server stop
status_is 1 "no LLM server" other
has "$T/other.err" "held by pid $OTHER .*http.server.*no LLM server" "no LLM server"
kill -0 "$OTHER" || fail "the other program was stopped"
run other "$BT" server start
status_is 1 "the port is somebody else's" other
finish
