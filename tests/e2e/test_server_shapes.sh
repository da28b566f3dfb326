#!/bin/bash
# 8192/1024 above CONC 32 is meant for a smaller prefill size: a restart between the rows, and what is said without one.
# Then the memory of the GPUs, which a stop waits for.
. tests/e2e/lib.sh
small_track "$T/small.json"
export STANDIN_SERVER=$ROOT/tests/e2e/standin_server STANDIN_SIM=$SIM STANDIN_TMP=$T STANDIN_STEP=0.01
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
PORT=$(python3 -c 'import socket; s=socket.create_server(("127.0.0.1",0)); print(s.getsockname()[1])')
export PORT
mkdir "$T/w" && cd "$T/w" || exit 2
cp "$ROOT/tests/e2e/standin_launch.sh" launch_mine.sh
sed -i 's/launch_sglang_server.sh/launch_mine.sh/' "$T/small.json" # the track names the script
RECORD=$XDG_CACHE_HOME/benchtop/server-$PORT.json
end_all() { # whatever a failed test left
	pid=$(sed -n 's/^  "pid": \([0-9]*\),$/\1/p' "$RECORD" 2>/dev/null)
	[ -n "$pid" ] && { kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null; }
	sed -n 's/.*; log \(\/tmp\/sglang-server-[A-Za-z0-9]*\.log\).*/\1/p' "$T"/*.out 2>/dev/null | sort -u | xargs -r rm -f
	cleanup
}
trap end_all EXIT
PERF=("$BT" perf --track "$T/small.json" --corpus "$CORPUS" -isl 8192 -osl 1024 --num-prompts 64)
flags() { json "$1" "[f['text'] for f in d['benchtop']['flags'] if f['code'] == 'prefill size']"; }
doubts() { json "$1" "[f['code'] for f in d['benchtop']['flags'] if f['doubt']]"; }
prefill() { json "$1" "d['benchtop']['server']['prefill']"; }

# --- restarts where the rows need them, there and back; accuracy of each server by itself ----------------------------------------
run shapes "${PERF[@]}" --conc 32,64 --repeat 2 --accuracy once --restart-server
status_is 0 "rows of two launches" shapes
is "$(grep -c 'started as pid' "$T/shapes.out")" 4 "starts: first, there, back, there"
is "$(grep -oE 'ISL=8192 OSL=1024 CONC=[0-9]+' "$T/shapes.out" | tr '\n' ' ')" \
	"ISL=8192 OSL=1024 CONC=32 ISL=8192 OSL=1024 CONC=64 ISL=8192 OSL=1024 CONC=32 ISL=8192 OSL=1024 CONC=64 " "each start's row"
has "$T/shapes.out" 'restarted: 8192/1024 at CONC 64 is meant for a prefill size of 32768' "why it is restarted"
has "$T/shapes.out" 'accuracy of before does not count any more' "another server"
dir=$(echo batch_*)
is "$(grep -c '"kind":"accuracy_measured"' "$dir/events.jsonl")" 4 "accuracy of every row"
is "$(grep '"kind":"accuracy_measured"' "$dir/events.jsonl" | grep -c '"reused":false')" 4 "none is another server's"
is "$(prefill "$dir/result_isl8192_osl1024_conc32.json") $(prefill "$dir/result_isl8192_osl1024_conc64.json")" "196608 32768" \
	"each row's server"
is "$(flags "$dir/result_isl8192_osl1024_conc64.json")" "[]" "nothing to note"
need

# --- without: the row runs on the server as it is, with a note and no doubt ---------------------------------------------------------
# the server is that of CONC 64 now
rm -rf batch_*
run asis "${PERF[@]}" --conc 32 --accuracy skip
status_is 0 "a row on another launch" asis
dir=$(echo batch_*)
is "$(flags "$dir/result_isl8192_osl1024_conc32.json")" \
	"['8192/1024 at CONC 32 is meant for a prefill size of 196608, the server runs with 32768']" "the note names both sizes"
has_not "$dir/result_isl8192_osl1024_conc32.json" '"code": "prefill size",\s*"doubt": true' "a note"
is "$(prefill "$dir/result_isl8192_osl1024_conc32.json")" 32768 "the row's server"

# --- a start in mid-run that fails costs its own rows: those of another launch get a server again --------------------------------
rm -rf batch_*
cp launch_mine.sh launch_good.sh
sed -i '1i [ "${CONC:-0}" -gt 32 ] && export DIE_IN=capture' launch_mine.sh
run dies "${PERF[@]}" --conc 32,64 --repeat 2 --accuracy skip --restart-server
status_is 2 "a start that dies in mid-run" dies
dir=$(echo batch_*)
is "$(grep -oE '"kind":"cell_done".*"status":"[a-z]+"' "$dir/events.jsonl" | grep -oE '[a-z]+"$' | tr -d '"\n')" passedfailedpassedfailed \
	"only the rows of the launch that fails"
has "$dir/events.jsonl" '"kind":"cell_done".*start failed.*out of memory' "the row says why"
[ -s "$dir/result_isl8192_osl1024_conc32.json" ] || fail "the result of the rows that ran"
[ ! -e "$dir/result_isl8192_osl1024_conc64.json" ] || fail "a result of a row that did not run"
mv launch_good.sh launch_mine.sh
run again "$BT" server start --server-script launch_mine.sh # the last start has died
status_is 0 "a server for what follows" again
need

# --- a stop waits for the GPUs' memory ------------------------------------------------------------------------------------------------
SYS=$T/sys
for i in 0 1 2 3 4 5 6 7; do
	d=$SYS/class/drm/card$i/device
	mkdir -p "$d"
	echo 0x1002 >"$d/vendor"
	echo 309220868096 >"$d/mem_info_vram_total"
	echo 263868055552 >"$d/mem_info_vram_used"
done
rm "$SYS/class/drm/card3/device/mem_info_vram_used" && mkfifo "$SYS/class/drm/card3/device/mem_info_vram_used" # hangs
run stop env BENCHTOP_SYSFS="$SYS" "$BT" server stop &
until_true 30 grep -qs "waiting for the GPUs' memory: GPU card0 still holds 246 of 288 GiB and 6 other cards" "$T/stop.out" ||
	fail "the wait for the memory is not told: $(cat "$T/stop.out")"
has "$T/stop.out" 'stopped cleanly' "the server has ended by then"
[ ! -e "$RECORD" ] || fail "the record is left"
for i in 0 1 2 4 5 6 7; do echo 296747008 >"$SYS/class/drm/card$i/device/mem_info_vram_used"; done
wait $!
is $? 0 "the stop ends with it"
has "$T/stop.out" "the GPUs' memory is free after" "and says so"

# --- the order to stop, given while the old server's memory is awaited: no new one is started ---------------------------------------
rm "$SYS/class/drm/card3/device/mem_info_vram_used"
for i in 0 1 2 3 4 5 6 7; do echo 263868055552 >"$SYS/class/drm/card$i/device/mem_info_vram_used"; done
run third "$BT" server start --server-script launch_mine.sh
status_is 0 "a server once more" third
BENCHTOP_SYSFS=$SYS "$BT" perf --track "$T/small.json" --corpus "$CORPUS" -isl 8192 -osl 1024 --num-prompts 64 --conc 32 --restart-server >"$T/second.out" 2>&1 &
pid=$!
until_true 30 grep -qs "waiting for the GPUs' memory" "$T/second.out" || fail "no wait for the memory: $(cat "$T/second.out")"
kill -INT $pid
# the cards vanish: nobody can say that the memory is free
rm -r "$SYS"
wait $pid
is $? 130 "stopped before the start"
has_not "$T/second.out" 'is started as pid' "nothing is started after the order to stop"
has "$T/second.out" 'has ended and is not started again' "and that is said"
has "$T/second.out" 'card0 held 246 GiB and tells no more what it holds \(8 of 8 cards\)' "what is not known is not called free"
has_not "$T/second.out" 'memory is free' "what is not known is not called free"
run absent "$BT" server status
status_is 2 "no server" absent
finish
