#!/bin/bash
# What the server says about itself while it is measured: a fatal line ends the row, builds and foreign load are doubts,
# the timeline has its seconds, the code that is served is noted and a change of it is a doubt.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"
small_track "$T/small.json"
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
PERF=("$BT" perf -isl 1024 -osl 1024 --track "$T/small.json" --accuracy skip)
now_ms() { date +%s%3N; }
line() { printf '[%s TP0] %s\n' "$(date '+%F %T')" "$1"; }
loading() { [ "$(grep -c 'Decode batch' "$1")" -ge 3 ]; } # a load runs on this log's server

# --- eight cards -----------------------------------------------------------------------------------------------------------
SYS=$T/sys
for i in 0 1 2 3 4 5 6 7; do
	d=$SYS/class/drm/card$((i * 8 + 1))/device
	mkdir -p "$d/hwmon/hwmon$i"
	echo 0x1002 >"$d/vendor"
	echo 97 >"$d/gpu_busy_percent"
	echo 309220868096 >"$d/mem_info_vram_total"
	echo 263868055552 >"$d/mem_info_vram_used"
	echo 1012000000 >"$d/hwmon/hwmon$i/power1_input"
	echo 1400000000 >"$d/hwmon/hwmon$i/power1_cap"
	echo junction >"$d/hwmon/hwmon$i/temp2_label"
	echo 71000 >"$d/hwmon/hwmon$i/temp2_input"
done
export BENCHTOP_SYSFS=$SYS

# --- a tree that is served -----------------------------------------------------------------------------------------------------
CODE=$T/code
mkdir -p "$CODE/sglang/python/sglang"
echo 'x = 1' >"$CODE/sglang/python/sglang/__init__.py"
if command -v git >/dev/null; then
	g() { git -C "$CODE/sglang" -c user.name=T -c user.email=t@example.org -c init.defaultBranch=main "$@" >/dev/null 2>&1; }
	g init -q && g add . && g commit -q -m one || die "the scratch repository could not be made"
	echo 'y = 2' >"$CODE/sglang/python/sglang/scheduler.py"
fi
find "$CODE" -name '*.py' -exec touch -d '1 hour ago' {} +

# --- the server dies in mid-load and does not come back: started now, looked at when the minute is over ----------------------------
sim GONE --itl-ms 5 --ttft-ms 20
GONE_LOG=$SIM_LOG GONE_PID=${SIM_PIDS[-1]}
mkdir "$T/gone" && cd "$T/gone" || exit 2
"${PERF[@]}" --conc 4,8,16 --base-url "$GONE" --log "$GONE_LOG" >"$T/gone.out" 2>"$T/gone.err" &
GONE_RUN=$!
until_true 30 loading "$GONE_LOG" || die "the load does not begin: $(cat "$T/gone.out" "$T/gone.err")"
line 'Scheduler hit an exception: Traceback (most recent call last):' >>"$GONE_LOG"
echo 'torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB.' >>"$GONE_LOG"
t0=$(now_ms)
until_true 20 grep -q 'CONC=4: FAILED' "$T/gone.out" || die "a fatal line does not end the load: $(cat "$T/gone.out")"
took=$(($(now_ms) - t0))
[ $took -le "${SANITIZED:+6}2500" ] || fail "the row ended $took ms after the fatal line"
kill "$GONE_PID"
has "$T/gone.out" 'CONC=4: FAILED.*the server failed: .*Scheduler hit an exception.*HIP out of memory' "the line is the reason"

# --- the server dies, comes back within the minute: the batch goes on ------------------------------------------------------------
sim BACK --itl-ms 5 --ttft-ms 20
mkdir "$T/back" && cd "$T/back" || exit 2
"${PERF[@]}" --conc 4,8 --num-prompts 8 --base-url "$BACK" --log "$SIM_LOG" >"$T/back.out" 2>"$T/back.err" &
BACK_RUN=$!
until_true 30 loading "$SIM_LOG" || die "the load does not begin"
line 'Watchdog timeout (self.watchdog_timeout=300)' >>"$SIM_LOG"
until_true 20 grep -q 'CONC=4: FAILED' "$T/back.out" || die "a fatal line does not end the load"
wait "$BACK_RUN"
is $? 2 "a failed row makes exit status 2"
has "$T/back.out" 'the server is ready again' "that it is back is said"
has "$T/back.out" 'CONC=8: PASSED' "the batch went on"

# --- builds, cache, foreign load, GPUs, code ---------------------------------------------------------------------------------------
sim URL --itl-ms 5 --ttft-ms 20
mkdir "$T/flags" && cd "$T/flags" || exit 2
echo 1399000000 | tee "$SYS"/class/drm/card1/device/hwmon/hwmon0/power1_input >"$SYS/class/drm/card9/device/hwmon/hwmon1/power1_input"
echo 70000 >"$SYS/class/drm/card57/device/hwmon/hwmon7/temp2_crit" # critical is below what it has
env BENCHTOP_CODE="$CODE" "${PERF[@]}" --conc 4 --num-prompts 8 --base-url "$URL" --log "$SIM_LOG" >"$T/flags.out" 2>"$T/flags.err" &
FLAGS_RUN=$!
until_true 30 loading "$SIM_LOG" || die "the load does not begin"
{
	echo '[aiter] start build [module_moe_sorting] under /workspace/aiter/aiter/jit/build/module_moe_sorting'
	echo '[aiter] finish build [module_moe_sorting], cost 38.4s '
	line 'Prefill batch, #new-seq: 1, #new-token: 100, #cached-token: 28, token usage: 0.01, #running-req: 3, #queue-req: 0, '
	line 'Decode batch, #running-req: 7, #token: 100, token usage: 0.01, cuda graph: True, gen throughput (token/s): 800.00, #queue-req: 0, '
	line 'KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio: 0.6912 -> 0.9340'
} >>"$SIM_LOG"
echo 'x = 2' >"$CODE/sglang/python/sglang/__init__.py"
wait "$FLAGS_RUN"
is $? 0 "doubts do not fail a row"
result=$(echo batch_*/result_isl1024_osl1024_conc4.json)
dir=${result%/*}
for want in 'JIT build|True|1 JIT build inside of the timed span, 38 s: module_moe_sorting' \
	'cached tokens|True|28 prompt tokens' 'foreign load|True|up to 7 requests at once, CONC is 4' \
	'KV retractions|False|3 requests' 'power cap|False|up to 2 of 8 GPUs ran at their power cap' 'GPU throttled|True|up to 1 of 8 GPUs were at their critical temperature' \
	'code changed|True|since the server.s start: sglang python/sglang/__init__.py'; do
	IFS='|' read -r code doubt text <<<"$want"
	is "$(json "$result" "[str(f['doubt']) for f in d['benchtop']['flags'] if f['code'] == '$code']")" "['$doubt']" "$code"
	has "$result" "$text" "$code has its sentence"
done
has_not "$result" 'no server log' "the log is known"
python3 - "$dir/timeline_conc4.jsonl" <<'PY' || fail "the timeline: $(head -3 "$dir/timeline_conc4.jsonl")"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert 7 <= len(rows) <= 20, len(rows)
gaps = [b["elapsed"] - a["elapsed"] for a, b in zip(rows, rows[1:])]
assert all(0.5 < g < 2 for g in gaps), gaps
mid = rows[len(rows) // 2]
assert mid["in_flight"] == 4 and mid["client_tps"] > 300, mid
assert mid["running"] == 4 and mid["gen_tps"] > 300 and mid["accept_len"] is None, mid
assert mid["gpu_busy"] == 97 and mid["gpu_temp_c"] == 71 and mid["gpus_held_back"] == 3, mid
assert abs(mid["gpu_power_w"] - (6 * 1012 + 2 * 1399)) < 1, mid
PY
if command -v git >/dev/null; then
	is "$(json "$dir/run.json" "[(t['name'], t['commit'], t['branch'], t['dirty'], t['untracked']) for t in d['code']['trees']][0]")" \
		"('sglang', '$(git -C "$CODE/sglang" rev-parse HEAD)', 'main', 'dirty', 1)" "the code in run.json"
	[ -s "$dir/code_sglang.diff" ] || fail "the diff is not kept"
fi
is "$(json "$dir/run.json" "d['code']['found_late'], d['code']['server_started'] is not None, d['code']['trees'][1]['dirty']")" \
	"True True unknown" "when it was looked at; what was not found is unknown"
is "$(grep -c '"kind":"code_seen"' "$dir/events.jsonl")" 2 "code in the journal"
[ "$(grep -c '"kind":"gpu_seen"' "$dir/events.jsonl")" -ge 5 ] || fail "no GPU samples in the journal"

# --- a log that cannot be read is a note, no doubt -----------------------------------------------------------------------------------
sim FAST --time-scale 200
mkdir "$T/nolog" && cd "$T/nolog" || exit 2
run nolog "${PERF[@]}" --conc 4 --base-url "$FAST" --log "$T/nowhere.log"
status_is 0 "without a log" nolog
has "$T/nolog.out" 'note: no server log: .*nowhere.log cannot be read.*foreign load cannot be seen' "no log is a note"

# --- the one that did not come back ------------------------------------------------------------------------------------------------------
wait "$GONE_RUN"
is $? 2 "a server that is gone makes exit status 2"
has "$T/gone.out" 'CONC=8: FAILED.*the server is gone: .*Scheduler hit an exception' "the next row fails with the line"
has "$T/gone.out" 'CONC=16: FAILED.*the server is gone: ' "and so the last"
finish
