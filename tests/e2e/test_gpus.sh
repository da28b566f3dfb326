#!/bin/bash
# Eight cards on the dashboard: busy, power, temperature, memory; one whose file blocks does not stop the screen, and its
# missing part of the sum is said. Several logs, and the figures that only some servers have.
. tests/e2e/lib.sh
small_track "$T/small.json"
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview TP=8
SYS=$T/sys
device() { echo "$SYS/class/drm/card$(($1 * 8 + 1))/device"; }
for i in 0 1 2 3 4 5 6 7; do
	d=$(device $i)
	mkdir -p "$d/hwmon/hwmon$i"
	echo 0x1002 >"$d/vendor"
	echo $((90 + i)) >"$d/gpu_busy_percent"
	echo 309220868096 >"$d/mem_info_vram_total"
	echo 263868055552 >"$d/mem_info_vram_used"
	echo 1012000000 >"$d/hwmon/hwmon$i/power1_input"
	echo 1400000000 >"$d/hwmon/hwmon$i/power1_cap"
	echo 1400000000 >"$d/hwmon/hwmon$i/power1_cap_max"
	echo junction >"$d/hwmon/hwmon$i/temp2_label"
	echo $((60000 + 1000 * i)) >"$d/hwmon/hwmon$i/temp2_input"
	echo 100000 >"$d/hwmon/hwmon$i/temp2_crit"
done
export BENCHTOP_SYSFS=$SYS
sim URL --itl-ms 5 --ttft-ms 20
echo '[aiter] shape is M:128, tuned' >"$T/aiter.log"
mkdir "$T/w" && cd "$T/w" || exit 2
open() { typed "$BT --track $T/small.json --corpus $CORPUS --base-url $URL --log $SIM_LOG --log $T/aiter.log"; }

# --- all of them ------------------------------------------------------------------------------------------------------------
term_start 120 36
open
wait_screen 20 'GPUs 8 .* 94%   8\.1 kW   junction 67.C   246/288 GiB' "busy, sum of power, hottest junction, memory"

# --- two at their cap, one too hot --------------------------------------------------------------------------------------------
set_watts() { echo "$2" >"$(device "$1")/hwmon/hwmon$1/power1_input"; }
set_watts 0 1399000000
set_watts 1 1399000000
wait_screen 10 '8\.9 kW  2 at cap' "cards at their power cap"
echo 101000 >"$(device 2)/hwmon/hwmon2/temp2_input"
wait_screen 10 '1 too hot  2 at cap' "a card at its critical temperature"
echo 62000 >"$(device 2)/hwmon/hwmon2/temp2_input"
set_watts 0 1012000000
set_watts 1 1012000000
wait_screen 10 'GPUs 8 .* 8\.1 kW   junction 67' "and back"

# --- one of them blocks -----------------------------------------------------------------------------------------------------------
STUCK=$(device 7)/gpu_busy_percent
rm "$STUCK" && mkfifo "$STUCK"
wait_screen 15 ' 93%   7 of 8: 7\.1 kW   junction 66.C   246/288 GiB' "the others are shown, and of how many the sum is"
keys 2
wait_screen 5 'Log 1 of 3' "the screen goes on"

# --- three logs: the one given, the one that the process writes, the other one given ------------------------------------------------
keys ']'
wait_screen 5 'Log 2 of 3  sim\.[0-9]*\.err' "its own"
keys ']'
wait_screen 5 'Log 3 of 3  aiter\.log' "the other log"
screen_has 'shape is M:128, tuned' || wait_screen 5 'shape is M:128, tuned' "its lines"
keys ']'
wait_screen 5 'Log 1 of 3  sim\.[0-9]*\.log' "around to the server's"
keys 1

# --- what only some servers have -----------------------------------------------------------------------------------------------------
line() { printf '[%s TP0] %s\n' "$(date '+%F %T')" "$1" >>"$SIM_LOG"; }
tell() {
	line 'Decode batch, #running-req: 4, #token: 100, token usage: 0.01, accept len: 2.31, accept rate: 0.77, cuda graph: True, gen throughput (token/s): 611.45, #queue-req: 0, '
	screen_has 'accept 2\.31'
}
until_true 15 tell || fail "the acceptance length is not shown: $(screen)"
line 'KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_token_ratio: 0.6912 -> 0.9340'
wait_screen 10 'retracted 3' "retractions"

# --- it is released, and all is well again; a blocked card does not keep the program -------------------------------------------------------
mv "$STUCK" "$STUCK.fifo" && echo 97 >"$STUCK"
echo 97 >"$STUCK.fifo" &
SIM_PIDS+=($!)
wait_screen 15 'GPUs 8 .* 94%   8\.1 kW   junction 67' "the card tells again"
rm "$STUCK" && mkfifo "$STUCK"
wait_screen 15 '7 of 8: 7\.1 kW' "blocked again"
keys q
wait_screen 10 'READY>' "leaving with a card that blocks"

# --- a small terminal ----------------------------------------------------------------------------------------------------------------------
term_start 80 24
open
wait_screen 20 'GPU 93% 7/8: 7\.1 kW' "80 columns"
keys q
wait_screen 10 'READY>' "leaving"

# --- the same in the events of a run --------------------------------------------------------------------------------------------
run json "$BT" perf --json -isl 1024 -osl 1024 --conc 4 --num-prompts 8 --accuracy skip --track "$T/small.json" --base-url "$URL" --log "$SIM_LOG"
status_is 0 "a run with a card that blocks" json
has "$T/json.out" '"kind":"gpu_seen".*"power_w":null.*"power_part_w":7084.*"power_cards":7' "the part of the sum"
finish
