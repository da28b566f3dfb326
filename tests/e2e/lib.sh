# Helpers of the end-to-end tests: a scratch directory, simulators, tmux, assertions. Source it first.
# Everything waits for a condition with a deadline; nothing sleeps for luck.
set -u
: "${BUILD:=build/release}"
ROOT=$PWD
BT=$ROOT/$BUILD/benchtop
SIM=$ROOT/$BUILD/benchtop-sim
case $BUILD in *san*) SANITIZED=1 ;; *) SANITIZED= ;; esac
T=$(mktemp -d "${TMPDIR:-/tmp}/benchtop-e2e.XXXXXX") || exit 2
export XDG_CACHE_HOME=$T/cache XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T TZ=UTC
unset HF_HUB_CACHE HUGGINGFACE_HUB_CACHE HF_HOME # so the hub's cache is empty
SIM_PIDS=()
TMUX_SOCKET=benchtop-e2e-$$
FAILED=0

cleanup() {
	for p in "${SIM_PIDS[@]:-}"; do [ -n "$p" ] && kill "$p" 2>/dev/null; done
	tmux -L "$TMUX_SOCKET" kill-server 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT

pause() { # seconds; a read that nobody answers, so that no process is started
	read -rt "$1" <>"$T/.never" || :
}
mkfifo "$T/.never"

fail() {
	echo "FAIL: $*" >&2
	FAILED=1
}
die() {
	echo "FAIL: $*" >&2
	exit 1
}
finish() { exit $FAILED; }

# until_true SECONDS COMMAND...: tries it until it holds
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -ge $end ] && return 1
		pause 0.1
	done
}

# sim OUT_VARIABLE [OPTIONS...]: starts a simulator, sets the variable to its URL, SIM_LOG to its log
sim() {
	local var=$1 ready
	shift
	ready=$T/sim.$RANDOM$RANDOM
	"$SIM" --log "$ready.log" "$@" >"$ready" 2>"$ready.err" &
	SIM_PIDS+=($!)
	until_true 10 grep -qs '^ready ' "$ready" || die "benchtop-sim $* is not ready: $(cat "$ready.err")"
	SIM_LOG=$ready.log
	printf -v "$var" '%s' "$(sed -n 's/^ready \(http[^ ]*\) .*/\1/p' "$ready")"
}

# run NAME COMMAND...: output in $T/NAME.out and .err, status in STATUS
run() {
	local name=$1
	shift
	"$@" >"$T/$name.out" 2>"$T/$name.err"
	STATUS=$?
}
status_is() { [ "$STATUS" -eq "$1" ] || fail "$2: exit status $STATUS, expected $1: $(tail -5 "$T/$3.out" "$T/$3.err" 2>/dev/null)"; }
has() { grep -qE -- "$2" "$1" || fail "$3: '$2' is not in $(basename "$1"): $(tail -5 "$1")"; }
has_not() { ! grep -qE -- "$2" "$1" || fail "$3: '$2' must not be in $(basename "$1")"; }
json() { python3 -c "import json,sys; d=json.load(open(sys.argv[1])); print($2)" "$1"; }
fetch() { python3 -c "import sys,urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())" "$1"; }
reset_sim() { python3 -c "import sys,urllib.request; urllib.request.urlopen(urllib.request.Request(sys.argv[1]+'/sim/reset',data=b'',method='POST')).read()" "$1"; }
# the test goes on only when it held
need() { [ $FAILED -eq 0 ] || finish; }
# the test goes on only when all of it held so far
need() { [ $FAILED -eq 0 ] || finish; }
is() { [ "$1" = "$2" ] || fail "$3: got '$1', expected '$2'"; }

# A track like the real one, but short, with the simulator's corpus: rules, columns and gate are the same.
small_track() { # FILE: writes it; CORPUS is set to the corpus file
	CORPUS=$T/demo.test.raw
	"$SIM" --print-demo-corpus >"$CORPUS"
	python3 - "$ROOT/engine/tracks" "$1" <<'PY'
import json, sys
real = json.load(open(sys.argv[1] + "/dsr1-fp4-sglang-mi355x.json"))
demo = json.load(open(sys.argv[1] + "/demo.json"))
real["name"] = "small"
real["gate"]["corpus"] = demo["gate"]["corpus"]
for pair in real["pairs"]:
    pair["prompts_per_conc"] = 4
json.dump(real, open(sys.argv[2], "w"))
PY
	[ -s "$1" ] || die "the short track could not be made"
}

# --- a real terminal -----------------------------------------------------------------------------------------------------
tm() { tmux -L "$TMUX_SOCKET" -f /dev/null "$@"; }
# term_start COLS ROWS: a session with a shell whose prompt is "$ "
term_start() {
	tm kill-server 2>/dev/null
	# one that is still going down takes the new session with it
	until_true 10 env -u TMUX tmux -L "$TMUX_SOCKET" -f /dev/null new-session -d -x "$1" -y "$2" "env PS1='READY> ' ENV= sh" 2>/dev/null ||
		die "tmux does not start"
	until_true 10 screen_has 'READY>' || die "no prompt in tmux"
}
screen() { tm capture-pane -p; }
screen_has() { screen | grep -qE -- "$1"; }
keys() { tm send-keys "$@"; }
typed() { tm send-keys -l "$1"; tm send-keys Enter; }
wait_screen() { # SECONDS PATTERN WHAT
	until_true "$1" screen_has "$2" || { fail "$3: '$2' did not appear"; screen >&2; return 1; }
}

# --- the dashboard in it -------------------------------------------------------------------------------------------------
# term_shell COLS ROWS [COMMAND...]: as term_start, and remembers how the terminal is before anything ran
term_shell() {
	term_start "$1" "$2"
	typed "stty -g >$T/stty.before"
	until_true 5 test -s "$T/stty.before" || die "no stty in tmux"
	TERM_TITLE=$(tm display -p "#{pane_title}")
	term_clear
}
# the shell waits for a command: its prompt is the last line
at_prompt() { screen | sed '/^ *$/d' | tail -n 1 | grep -q '^READY> *$'; }
term_clear() {
	until_true 5 at_prompt # else the key below is read before the prompt is there, which then stands twice in a line
	tm send-keys -R
	tm clear-history
	keys Enter
	until_true 5 screen_has '^READY> *$' || fail "no prompt after clearing: $(screen)"
}
# cursor shown, main screen, mouse off, keypad and cursor keys as usual
term_state() { tm display -p '#{cursor_flag} #{alternate_on} #{mouse_any_flag} #{keypad_flag} #{keypad_cursor_flag}'; }
# term_sane WHAT: the shell has its terminal again, as it was
term_sane() {
	until_true "${DEADLINE:-15}" screen_has 'READY> *$' || fail "$1: the prompt is not back: $(screen)"
	is "$(term_state)" "1 0 0 0 0" "$1: terminal state"
	rm -f "$T/stty.after"
	typed "stty -g >$T/stty.after"
	until_true 5 test -s "$T/stty.after" || fail "$1: the shell does not take a command"
	is "$(cat "$T/stty.after")" "$(cat "$T/stty.before")" "$1: line settings"
	is "$(tm display -p '#{pane_title}')" "$TERM_TITLE" "$1: title"
	term_clear
}
# pids of the keeper and of the dashboard it keeps, in the session's only pane
term_keeper() { pgrep -P "$(tm list-panes -F '#{pane_pid}')" -x benchtop; }
term_child() { pgrep -P "$(term_keeper)" -x benchtop; }
