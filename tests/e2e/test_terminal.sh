#!/bin/bash
# Every key of the dashboard pressed in a real terminal, each with what it must show; mouse; suspend and return.
. tests/e2e/lib.sh
cd "$T" || exit 2
[ -n "$SANITIZED" ] && W=20 || W=5 # seconds that an answer to a key may take

# press NAME KEY PATTERN [PATTERN_THAT_MUST_GO]: NAME as in tui/actions.def
TESTED=' '
press() {
	TESTED="$TESTED$1 "
	keys "$2"
	until_true $W screen_has "$3" || fail "$1: '$3' did not appear after $2: $(screen)"
	[ -z "${4:-}" ] || until_true $W eval "! screen_has '$4'" || fail "$1: '$4' is still there after $2: $(screen)"
}
# the key changes nothing that a pattern could name: the screen stays right
press_same() {
	TESTED="$TESTED$1 "
	keys "$2"
	until_true $W screen_has "$3" || fail "$1: '$3' is gone after $2: $(screen)"
}
demo() {
	typed "$BT --demo $*"
	until_true $((W * 4)) screen_has 'ready' || die "no dashboard: $(screen)"
}

term_shell 120 36
demo
HOME_PAGE='CONC  ?state'

# --- rows, modes, screens ---------------------------------------------------------------------------------------------
screen_has '▸ \[x\] +4 ' || fail "the first row has the focus"
press DOWN Down '▸ \[x\] +8 '
press UP Up '▸ \[x\] +4 '
press PICK Space '▸ \[ \] +4 '
press PICK Space '▸ \[x\] +4 '
press ALL a '\[ \] +64 '
press ALL a '\[x\] +64 '
press MODE m 'SUBMIT'
press MODE m 'ACC '
press MODE m 'PERF'
press STOP x 'nothing is running'
press_same SKIP k "$HOME_PAGE"
press ACCURACY A '[Aa]ccuracy'
press_same ACCURACY A "$HOME_PAGE"
press SERVER s 'its own simulated server'
press REDRAW C-l "$HOME_PAGE"
press PICTURE P 'picture: .*svg'
ls "$T"/benchtop-demo-*/benchtop_*.svg >/dev/null 2>&1 || fail "PICTURE: no file"

# --- help --------------------------------------------------------------------------------------------------------------
press HELP '?' 'Keys of the dashboard'
press HELP_DOWN Down 'Keys of the dashboard'
press HELP_UP Up 'Keys of the dashboard'
press HELP_CLOSE q "$HOME_PAGE" 'Keys of the dashboard'
for k in '?' Enter Escape C-c; do
	press HELP '?' 'Keys of the dashboard'
	press HELP_CLOSE "$k" "$HOME_PAGE" 'Keys of the dashboard'
done

# --- the run sheet -----------------------------------------------------------------------------------------------------
press SHEET Enter 'Run sheet'
press_same SHEET_DOWN Down 'Run sheet'
press_same SHEET_UP Up 'Run sheet'
press SHEET_ACCURACY A 'once before the first|once'
press SHEET_ACCURACY A 'before each row'
press SHEET_HELP '?' 'Keys of'
press HELP_CLOSE q 'Run sheet' 'Keys of'
press SHEET_TEAM t 'Team'
press EDIT_CANCEL C-c 'Run sheet' '─ Team'
for k in q n Escape C-c; do
	press SHEET_CANCEL "$k" "$HOME_PAGE" 'Run sheet'
	press RUN_ROW r 'in all +1 row'
done
press SHEET_CANCEL q "$HOME_PAGE" 'Run sheet'

# --- lines of text -----------------------------------------------------------------------------------------------------
press TEAM t 'Team'
tm send-keys -l 'abc'
until_true $W screen_has 'abc' || fail "EDIT: typed text is not shown"
press_same EDIT_LEFT Left 'abc'
press EDIT_ERASE BSpace '[^b]ac'
press EDIT_DELETE DC '[^c]a ' 'ac '
press_same EDIT_HOME Home 'a '
tm send-keys -l 'x'
until_true $W screen_has 'xa ' || fail "EDIT_HOME: $(screen)"
press_same EDIT_END End 'xa'
tm send-keys -l 'ü'
until_true $W screen_has 'xaü' || fail "EDIT_END: $(screen)"
press_same EDIT_LEFT Left 'xaü'
press_same EDIT_RIGHT Right 'xaü'
tm send-keys -l '!'
until_true $W screen_has 'xaü!' || fail "EDIT_RIGHT: $(screen)"
press EDIT_CLEAR C-u '─ Team' 'xaü'
tm send-keys -l 'Rocket'
press EDIT_TAKE Enter "$HOME_PAGE" '─ Team'
press TEAM t 'Rocket'
press EDIT_CANCEL Escape "$HOME_PAGE" '─ Team'
press PROMPTS n 'Prompts'
tm send-keys -l '24'
press EDIT_TAKE Enter 'requests 24'
press PROMPTS n 'Prompts'
press EDIT_CLEAR C-u 'Prompts'
press EDIT_TAKE Enter 'requests 32'

# --- pairs and themes ----------------------------------------------------------------------------------------------------
press PAIR p 'ISL/OSL pairs'
press PAIRS_DOWN Down '▸ \[ \] +128 +256'
press PAIRS_CHECK Space '▸ \[x\] +128 +256'
press PAIRS_UP Up '▸ \[x\] +256 +128'
press_same PAIRS_ALL a 'ISL/OSL pairs'
press PAIRS_HELP '?' 'Keys of'
press HELP_CLOSE q 'ISL/OSL pairs' 'Keys of'
press PAIRS_DOWN Down '▸ \[.\] +128 +256'
press PAIRS_TAKE Enter '128/256' 'ISL/OSL pairs'
press PAIR p 'ISL/OSL pairs'
press PAIRS_UP Up '▸ \[.\] +256'
press PAIRS_TAKE Enter '256/128' 'ISL/OSL pairs'
for k in q Escape C-c; do
	press PAIR p 'ISL/OSL pairs'
	press PAIRS_CANCEL "$k" "$HOME_PAGE" 'ISL/OSL pairs'
done
press THEME T '─ Theme'
press THEME_DOWN Down '▸ gruvbox'
press THEME_UP Up '▸ default'
press THEME_HELP '?' 'Keys of'
press HELP_CLOSE q '─ Theme' 'Keys of'
press THEME_DOWN Down '▸ gruvbox'
press THEME_TAKE Enter "$HOME_PAGE" '─ Theme'
for k in q Escape C-c; do
	press THEME T '▸ gruvbox'
	press THEME_DOWN Down '▸ [^g]'
	press THEME_CANCEL "$k" "$HOME_PAGE" '─ Theme'
done

# --- the log -------------------------------------------------------------------------------------------------------------
press SCREEN_2 2 'following'
press SCREEN_1 1 "$HOME_PAGE"
press LOG L 'following'
press UP Up 'standing +line [0-9]+ of [0-9]+'
press LAST End 'following'
press PAGE_UP PPage 'standing'
press PAGE_DOWN NPage 'following|standing'
press LAST G 'following'
press FIRST Home 'standing +line 1 of'
first=$(screen | sed -n 2p)
press DOWN Down 'standing +line 2 of'
press PAGE_DOWN NPage 'following|standing'
until_true $W eval '[ "$(screen | sed -n 2p)" != "$first" ]' || fail "PAGE_DOWN: does not move from the top"
press FIRST g 'standing +line 1 of'
press LOG_FIND / '─ Find'
tm send-keys -l 'fired up'
press EDIT_TAKE Enter '/fired up 1' '─ Find'
press LOG_NEXT n 'ready to roll'
press LOG_PREV N 'ready to roll'
press LOG_FILTER '&' '─ Filter'
tm send-keys -l '(health'
press EDIT_TAKE Enter 'at character [0-9]+: missing closing'
keys C-u
tm send-keys -l 'health'
press EDIT_TAKE Enter 'only health [0-9]+' '─ Filter'
until_true $W eval '! screen_has "ready to roll"' || fail "LOG_FILTER: lines that do not match are still there: $(screen)"
press LOG_FILTER '&' '─ Filter'
keys C-u
press EDIT_TAKE Enter 'standing|following' '─ Filter'
press LAST End 'following'
press LOG_RAW r 'INFO: +127.0.0.1.*health'
press LOG_RAW r 'HTTP GET /health'
press FIRST g 'standing +line 1 of'
press LOG_RIGHT Right 'standing'
press LOG_LEFT Left 'standing +line 1 of'
press LOG_WRAP z 'wrap|standing'
press LOG_WRAP z 'standing'
press LOG_MARK b 'standing'
press LAST End 'following'
press LOG_NEXT_MARK "'" 'standing +line 1 of'
press LOG_MARK b 'standing'
press LOG_ERROR e 'error'
press LOG_ERROR_BACK E 'error'
press LOG_WARNING w 'warning'
press LOG_WARNING_BACK W 'warning'
press LOG_UNFOLD Enter 'standing|following'
press LOG_ROW c 'has not run yet'
press LAST End 'following'
press SCREEN_1 1 "$HOME_PAGE"
press RESTART R 'starts and ends with the demo'
press SERVER_MENU S 'starts and ends with the demo'

# --- a run of every row, so that it lasts: quitting asks, suspending refuses, stop stops ------------------------------------------------------------------
press SHEET Enter 'Run sheet'
press SHEET_START Enter 'accuracy|load +[0-9]+%' 'Run sheet'
press SUSPEND C-z 'would freeze the measurement'
press SHEET Enter 'a run is in progress'
for k in c q n Escape C-c; do
	press QUIT q 'leave it running'
	press QUIT_CANCEL "$k" "$HOME_PAGE" '▸ .*(running|stop|stay)'
done
press QUIT q 'leave it running'
press_same QUIT_DOWN Down 'stop'
press_same QUIT_UP Up 'leave it running'
press_same QUIT_DOWN Tab 'stop'
press QUIT_HELP '?' 'Keys of'
press HELP_CLOSE q 'leave it running' 'Keys of'
press_same QUIT_DOWN Down 'stay'
press QUIT_TAKE Enter "$HOME_PAGE" '▸ .*(running|stop|stay)'
press INTERRUPT C-c 'stop'
press STOP x 'stop'
until_true 30 screen_has 'stopped|nothing is running' || fail "the run does not stop: $(screen)"
press SHEET Enter 'Run sheet'
press SHEET_START Enter 'accuracy|load +[0-9]+%' 'Run sheet'
press QUIT q 'leave it running'
press QUIT_STOP_RUN s 'READY>'
term_sane "quitting by stopping the run"
demo
press SHEET Enter 'Run sheet'
press SHEET_START Enter 'accuracy|load +[0-9]+%' 'Run sheet'
press QUIT q 'leave it running'
press QUIT_LEAVE l 'the run goes on as pid [0-9]+'
pid=$(screen | sed -n 's/.*goes on as pid \([0-9]*\).*/\1/p' | tail -1)
term_sane "leaving the run running"
kill -INT "$pid" "$pid" 2>/dev/null
until_true 30 eval "! kill -0 $pid 2>/dev/null" || fail "the run left running does not stop by SIGINT"

# --- submit: only y starts -------------------------------------------------------------------------------------------------
demo
press MODE m 'SUBMIT'
press RUN_ROW r 'Run sheet'
press_same SHEET_START Enter 'Run sheet'
press SHEET_POST y 'team' 'Run sheet' # no team: said in words
press QUIT q 'READY>'
term_sane "q at rest"

# --- suspend and return, at rest -------------------------------------------------------------------------------------------
demo
press SUSPEND C-z 'READY> *$' "$HOME_PAGE"
term_sane "Ctrl-Z"
tm resize-window -x 100 -y 30
typed fg
until_true $W screen_has "$HOME_PAGE" || fail "fg paints nothing: $(screen)"
until_true $W screen_has '\? keys' || fail "fg does not paint the whole screen: $(screen)"
is "$(screen | wc -l)" 30 "rows after fg"
is "$(term_state | cut -d' ' -f1,2)" "0 1" "fg: the screen is the dashboard's again"
keys C-z
until_true $W screen_has 'READY> *$' || fail "Ctrl-Z for the second time"
typed 'bg; echo back' # it cannot draw from the background: it stops again
until_true $W screen_has '^back' || fail "bg: the shell does not answer: $(screen)"
is "$(term_state | cut -d' ' -f1,2)" "1 0" "bg: the terminal stays the shell's"
typed fg
until_true $W screen_has "$HOME_PAGE" || fail "fg after bg: $(screen)"
press INTERRUPT C-c 'READY>'
term_sane "Ctrl-C at rest"
tm resize-window -x 120 -y 36

# --- the mouse: nothing unless asked for -------------------------------------------------------------------------------------
typed 'export TERM=xterm-256color'
demo --mouse
is "$(tm display -p '#{mouse_any_flag}')" 1 "--mouse"
wheel() { tm send-keys -l $'\e[<'"$1"';10;10M'; }
wheel 65
until_true $W screen_has '▸ \[x\] +8 ' || fail "wheel down: $(screen)"
wheel 64
until_true $W screen_has '▸ \[x\] +4 ' || fail "wheel up: $(screen)"
keys L
until_true $W screen_has 'following' || fail "log"
wheel 64
until_true $W screen_has 'standing +line' || fail "the wheel scrolls the log: $(screen)"
keys q
term_sane "after --mouse"

# --- every action of the table was pressed; a new one at least leaves the screen whole ---------------------------------------
demo
is "$(tm display -p '#{mouse_any_flag}')" 0 "no mouse unless asked for"
sed -n 's/^ACTION(\([A-Z_0-9]*\), "\([^" ]*\)[^"]*", "\([^"]*\)", MODAL_\([A-Z]*\),.*/\1 \2 \3 \4/p' "$ROOT/tui/actions.def" >actions
[ "$(wc -l <actions)" -ge 50 ] || fail "tui/actions.def is not read: $(wc -l <actions) actions"
while read -r name key on modal; do
	case $TESTED in *" $name "*) continue ;; esac
	if [ "$modal" != NONE ] || [ "$name" = NOTICE_CLOSE ]; then
		echo "note: $name ($key) has no test of its own"
		continue
	fi
	case $on in *D* | '*') keys 1 ;; *L*) keys 2 ;; *R*) keys 3 ;; *C*) keys 4 ;; *) keys 5 ;; esac
	case $key in Ctrl-*) key=C-$(tr 'A-Z' 'a-z' <<<"${key#Ctrl-}") ;; esac
	keys "$key"
	keys Escape C-l 1
	until_true $W screen_has "$HOME_PAGE" || fail "$name ($key): the dashboard does not come back: $(screen)"
	echo "note: $name ($key) has no test of its own; the screen stays whole"
done <actions
keys q
term_sane "the last q"
finish
