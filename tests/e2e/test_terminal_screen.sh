#!/bin/bash
# Terminal types, locales and colours: a usable screen on each, or plain lines and a reason.
. tests/e2e/lib.sh
cd "$T" || exit 2
[ -n "$SANITIZED" ] && W=20 || W=5
unset NO_COLOR

# up WORDS...: types the words, the dashboard comes up whole
up() {
	typed "$*"
	until_true $((W * 4)) screen_has 'ready' && until_true $W screen_has '\? keys' ||
		fail "$*: no dashboard: $(screen)"
	for row in 4 8 16 32 64; do screen_has "\[x\] +$row " || fail "$*: no row $row: $(screen)"; done
}
down() { keys q && term_sane "$1"; }
ascii_only() { ! screen | LC_ALL=C grep -q '[^ -~]'; }
coloured() { tm capture-pane -pe | grep -qE $'\e\\[([0-9;]*;)?'"$1"; } # an SGR parameter, as a pattern
NONE='(3[0-7]|4[0-7]|38|48|9[0-7])[;m]'
EIGHT='3[0-7][;m]'
MANY='(38;5|9[0-7])[;m]'

term_shell 100 30

# --- types and locales: a usable screen on each, ASCII where the locale is C -----------------------------------------------
for type in xterm xterm-256color screen-256color tmux-256color linux vt100; do
	infocmp "$type" >/dev/null 2>&1 || { echo "skipped: $type is not in this terminfo"; continue; }
	up "TERM=$type LC_ALL=C.UTF-8 $BT --demo --theme gruvbox"
	ascii_only && fail "TERM=$type: no lines and marks in a UTF-8 locale"
	case $type in
	vt100) coloured "$NONE" && fail "TERM=vt100 has no colours" ;;
	linux) coloured "$EIGHT" || fail "TERM=linux: no colour" ;;
	*) coloured "$MANY" || fail "TERM=$type: not 256 colours" ;;
	esac
	down "TERM=$type"
done
up "env -u LC_ALL -u LC_CTYPE -u LANG $BT --demo"
ascii_only && fail "no locale chosen: no lines and marks"
down "no locale"
up "LC_ALL=C $BT --demo"
ascii_only || fail "LC_ALL=C: not ASCII: $(screen)"
down "LC_ALL=C"

# --- colours ---------------------------------------------------------------------------------------------------------------
export_type='TERM=xterm-256color'
up "$export_type NO_COLOR=1 $BT --demo"
coloured "$NONE" && fail "NO_COLOR=1: colours"
down "NO_COLOR"
up "$export_type $BT --demo --no-color"
coloured "$NONE" && fail "--no-color: colours"
down "--no-color"
up "$export_type NO_COLOR= $BT --demo --colors 256 --theme gruvbox"
coloured "$MANY" || fail "--colors 256 (NO_COLOR empty): no colours of 256"
down "--colors 256"
up "TERM=xterm $BT --demo --colors 8 --theme gruvbox"
coloured "$EIGHT" || fail "--colors 8: no colour"
coloured '38;5' && fail "--colors 8: more than 8 colours"
down "--colors 8"

# --- nothing can be drawn: said in a sentence, then plain lines ----------------------------------------------------------------
for type in '' dumb no-such-terminal; do
	typed "TERM=$type $BT --demo; echo status \$?"
	until_true $((W * 2)) screen_has '^status 0' || fail "TERM='$type': $(screen)"
	screen_has '^benchtop: .*TERM' || fail "TERM='$type' is not explained: $(screen)"
	screen_has 'benchtop perf --demo' || fail "TERM='$type': what can be run is not said: $(screen)"
	term_sane "TERM='$type'"
done
sim URL
typed "TERM=dumb $BT --base-url $URL --results-dir $T"
until_true $((W * 2)) screen_has "^server $URL: ready" || fail "TERM=dumb: the server's state is not said: $(screen)"
term_sane "TERM=dumb with a server"
"$BT" perf --demo --conc 4 >perf.out 2>&1 &
perf=$!
until_true $((W * 3)) grep -q load perf.out || fail "no run to follow: $(cat perf.out)"
typed "TERM=dumb $BT --demo; echo status \$?"
until_true $((W * 2)) screen_has '^following the run in ' || fail "TERM=dumb: the run that is alive is not followed: $(screen)"
until_true $((W * 6)) screen_has '^status 0' || fail "TERM=dumb: following does not end with the run: $(screen)"
screen_has 'all 1 rows passed' || fail "TERM=dumb: the end of the run is not shown: $(screen)"
wait $perf
term_sane "TERM=dumb with a run"

finish
