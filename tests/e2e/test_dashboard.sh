#!/bin/bash
# The dashboard in a real terminal: the demo sweep from the key press to the confirmed post, leaving, coming back.
. tests/e2e/lib.sh
cd "$T" || exit 2
SHELL_PROMPT='READY>'

# terminal state that must come back: cursor shown, alternate screen off, mouse off, line settings
state() { tm display -p '#{cursor_flag} #{alternate_on} #{mouse_any_flag}'; }
sane() { # WHAT
	until_true 10 screen_has "$SHELL_PROMPT *\$" || fail "$1: the prompt is not back: $(screen)"
	is "$(state)" "1 0 0" "$1: terminal state"
	typed 'stty -a | tr ";" "\n" | grep -c "^ *-*icanon\|icanon" >/dev/null; stty | grep -q -- "-echo" && echo E''CHO-OFF || echo E''CHO-ON'
	until_true 10 screen_has 'ECHO-ON' || fail "$1: echo is off: $(screen)"
	tm send-keys -R
	tm clear-history
	keys Enter
}
demo() { typed "$BT --demo"; wait_screen 15 'ready' "dashboard on the simulated server"; }

# --- 80x24: open, help, leave -----------------------------------------------------------------------------------------------
term_start 80 24
demo
screen_has 'CONC' || fail "no sweep at 80x24"
screen_has 'PERF' || fail "no mode at 80x24"
keys '?'
wait_screen 5 'Keys of' "help"
keys q
until_true 5 eval '! screen_has "Keys of"' || fail "help does not close"
keys q
sane "q at rest"

# --- 120x36: a whole sweep, perf ---------------------------------------------------------------------------------------------
term_start 120 36
demo
keys Enter
wait_screen 5 'nothing is posted' "run sheet"
keys Enter
wait_screen 30 'accuracy' "accuracy begins"
wait_screen 40 'load +[0-9]+%' "load of the first row"
# live figures appear soon after C requests have completed, and only in the row in progress
wait_screen 20 '  4 .*load .*[0-9]+\.[0-9].*[+-]' "live throughput and ratio"
wait_screen 150 '  64 .*passed' "the sweep ends within two minutes"
screen_has 'inside the gate' || fail "accuracy is not shown: $(screen)"
is "$(screen | grep -cE ' (4|8|16|32|64) .*passed .*[0-9]\.[0-9]')" 5 "rows with final figures"
# --- submit one row: m, team, r, y --------------------------------------------------------------------------------------------
keys m
wait_screen 5 'SUBMIT' "mode submit"
keys t
wait_screen 5 '[Tt]eam' "team editor"
keys C-u
tm send-keys -l 'Rocket Tëam'
keys Enter
wait_screen 5 'Rocket Tëam' "team is taken"
keys r
wait_screen 5 'posted' "the sheet says what will be posted"
keys Enter
until_true 2 screen_has 'load +[0-9]+%' && fail "Enter must not start a submit"
keys y
wait_screen 60 'posted' "post is confirmed"
until_true 60 screen_has 'all 1 rows passed and were posted' || fail "post of one row: $(screen)"
keys q
sane "q after a sweep"

# --- leave it running, come back, stop -------------------------------------------------------------------------------------------
demo
keys Enter
wait_screen 5 'nothing is posted' "run sheet"
keys Enter
wait_screen 40 'load +[0-9]+%' "load"
keys q
wait_screen 5 'leave it running' "quitting asks"
keys Enter
until_true 10 screen_has 'the run goes on as pid [0-9]+' || fail "leaving says where the run is: $(screen)"
pid=$(screen | sed -n 's/.*goes on as pid \([0-9]*\).*/\1/p' | tail -1)
kill -0 "$pid" 2>/dev/null || fail "the run does not go on"
sane "leave it running"
typed "$BT --demo"
wait_screen 15 'following' "a second benchtop follows the live run"
wait_screen 20 '(load|accuracy) +[0-9]+%' "live figures of the followed run"
keys x
wait_screen 20 'stopping|stopped by the user' "the follower can stop it"
keys x
wait_screen 30 'stopped by the user: [0-9]+ of' "the run has ended" # a row that says "stopped" is not the end yet
keys q
sane "after following"
until_true 10 eval "! kill -0 $pid 2>/dev/null" || fail "the detached process does not end after its run"

# --- kill -9 of the child, kill -TERM of the parent ----------------------------------------------------------------------------------
for how in 'KILL child' 'SEGV child' 'TERM parent'; do
	demo
	parent=$(tm list-panes -F '#{pane_pid}')
	keeper=$(pgrep -P "$parent" -x benchtop)
	child=$(pgrep -P "$keeper" -x benchtop)
	case $how in *child) kill -"${how% *}" "$child" ;; *) kill -TERM "$keeper" ;; esac
	sane "kill -$how"
	until_true 10 eval "! pgrep -P $child >/dev/null && ! kill -0 $child 2>/dev/null" || fail "kill -$how: something is left over"
done

# --- too small, then large again ---------------------------------------------------------------------------------------------------------
demo
tm resize-window -x 20 -y 5
until_true 5 screen_has '60' || fail "20x5 says what is needed: $(screen)"
tm resize-window -x 200 -y 60
wait_screen 5 'CONC' "200x60"
keys q
sane "after resizing"
finish
