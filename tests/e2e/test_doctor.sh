#!/bin/bash
# The doctor: all well, and each thing that can be wrong; nothing is left behind, no secret is shown.
. tests/e2e/lib.sh
small_track "$T/small.json"
sim URL --itl-ms 1 --ttft-ms 5
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview PORT=${URL##*:} TP=8 CONC=16 ISL=1024 OSL=1024 NUM_PROMPTS=64 RANDOM_RANGE_RATIO=1.0
export HF_TOKEN=hf_secret_of_the_user OPENAI_API_KEY=sk-secret-of-the-user http_proxy=http://me:secret-proxy@127.0.0.1:1
mkdir "$T/w" "$T/results" && cd "$T/w" || exit 2
cp "$ROOT/tests/e2e/standin_launch.sh" launch_sglang_server.sh
doctor() { # NAME [OPTIONS...]
	local name=$1
	shift
	run "$name" "$BT" doctor --track "$T/small.json" --corpus "$CORPUS" --results-dir "$T/results" --base-url "$URL" "$@"
}
line() { has "$T/$1.out" "^$2 +$3 +.*$4" "$1"; } # NAME VERDICT TOPIC WORDS

# --- all is well -----------------------------------------------------------------------------------------------------------------
doctor fine --leaderboard "$URL"
status_is 0 "all is well" fine
line fine ok server "ready at $URL"
line fine ok model "$MODEL, and the server serves it"
line fine ok corpus 'demo.test.raw, checksum as the track'
line fine ok board "$URL takes /submit_results with 14 values"
line fine ok token 'HF_TOKEN is set'
line fine ok launch 'launch_sglang_server.sh is there'
line fine ok results "$T/results can be written"
line fine ok files 'CONC 64 needs 128'
line fine note proxy 'http_proxy is set'
has "$T/fine.out" '^ready to run' "the last sentence"
has_not "$T/fine.out" '^problem|is off the track' "all is well"
is "$(ls -A "$T/results" "$T/w" | grep -v launch)" "$(printf '%s:\n\n%s:' "$T/results" "$T/w")" "nothing is left behind"
[ ! -e "$XDG_CACHE_HOME/benchtop" ] || fail "the cache directory was made"
is "$(unset http_proxy; fetch "$URL/sim/record" | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["completions"], d["generates"], len(d["posts"]))')" "0 0 0" \
	"nothing is measured, nothing is posted"

# --- what is off the rule is said, and no problem ------------------------------------------------------------------------------------
NUM_PROMPTS=800 doctor rule
status_is 0 "off the rule" rule
line rule note settings 'NUM_PROMPTS=800 is off the track.s rule, CONC 16 x 4 = 64'
line rule ok board 'no team is set'

# --- each thing that is wrong ---------------------------------------------------------------------------------------------------------
MODEL=someone/else doctor model
status_is 2 "another model" model
line model problem model "the server serves $MODEL, but MODEL is someone/else: export MODEL=$MODEL"
(unset MODEL; doctor nomodel; exit $STATUS)
is $? 2 "no MODEL"
line nomodel problem model "MODEL is not set, the server serves $MODEL"

python3 - "$T/small.json" "$T/other.json" "$T/short.json" "$T/one.json" <<'PY'
import json, sys
t = json.load(open(sys.argv[1]))
t["board"]["api_name"] = "no_such_endpoint"
json.dump(t, open(sys.argv[2], "w"))
t["board"]["api_name"] = "submit_results"
t["board"]["columns"] = t["board"]["columns"][:11]
json.dump(t, open(sys.argv[3], "w"))
t = json.load(open(sys.argv[1]))
for pair in t["pairs"]:
    pair["concs"] = [4]
t["reference"]["rows"] = [row for row in t["reference"]["rows"] if row[2] == 4]
json.dump(t, open(sys.argv[4], "w"))
PY
doctor endpoint --track "$T/other.json" --leaderboard "$URL"
status_is 2 "a board without the endpoint" endpoint
line endpoint problem board 'the board has no endpoint /no_such_endpoint; it offers .*/submit_results'
doctor arity --track "$T/short.json" --leaderboard "$URL"
status_is 2 "a board that wants more" arity
line arity problem board 'asks for 14 values, the track has 11'
doctor asleep --leaderboard http://127.0.0.1:1
status_is 2 "no board" asleep
line asleep problem board 'cannot be reached.*--post-later'
TEAM_NAME_ENV=$'a' doctor team --leaderboard "$URL"
line team ok team '^?a$'

: >"$T/file"
doctor place --results-dir "$T/file/results"
status_is 2 "results cannot be written" place
line place problem results "$T/file/results cannot be written"
doctor corpus --corpus "$T/file"
status_is 2 "a spoilt corpus" corpus
line corpus problem corpus 'has 0 bytes, the track expects'
(ulimit -n 100; doctor files; exit $STATUS)
is $? 2 "too few open files"
line files problem files '100 open files are allowed, CONC 64 needs 128'
doctor log --log "$T/absent.log"
status_is 2 "no such log" log
line log problem log 'absent.log cannot be read'

PORT=abc run usage "$BT" doctor
status_is 1 "a variable that is no number" usage
run usage "$BT" doctor --corpsu x
status_is 1 "an unknown option" usage

# --- no server at all, one that hangs ------------------------------------------------------------------------------------------------
doctor none --base-url http://127.0.0.1:1
status_is 2 "no server" none
line none problem server 'nothing listens on 127.0.0.1:1.*benchtop server start'
line none ok corpus checksum
has "$T/none.out" '^1 problem: server$' "the last sentence"
mkfifo "$T/port"
python3 -c 'import socket,sys,time
s = socket.create_server(("127.0.0.1", 0), backlog=64)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(120)' "$T/port" &
SIM_PIDS+=($!)
read -r HUNG <"$T/port"
doctor hung --base-url "http://127.0.0.1:$HUNG" --leaderboard "http://127.0.0.1:$HUNG"
status_is 2 "a server and a board that hang" hung
line hung problem server "127.0.0.1:$HUNG"
line hung problem board "127.0.0.1:$HUNG"
line hung ok corpus checksum

# --- JSON, the demo -------------------------------------------------------------------------------------------------------------------
doctor json --json --base-url http://127.0.0.1:1
status_is 2 "as JSON" json
is "$(json "$T/json.out" '[c["verdict"] for c in d if c["topic"] == "server"], all(set(c) == {"topic", "verdict", "text"} for c in d)')" \
	"['problem'] True" "as JSON"
run demo "$BT" doctor --demo
status_is 0 "the demo" demo
line demo ok server 'ready at'
line demo ok board 'submit_results'

# --- the client ------------------------------------------------------------------------------------------------------------------------
run client "$BT" doctor --client --track "$T/small.json" --json
status_is 0 "the client" client
is "$(json "$T/client.out" '[(r["conc"], r["requests"], r["tokens"], r["failed"]) for r in d]')" \
	"[(4, 12, 2400, 0), (16, 48, 9600, 0), (64, 192, 38400, 0)]" "the client's rows"
is "$(json "$T/client.out" 'all(0 < r["late_p50_ms"] <= r["late_p99_ms"] and 0 < r["ttft_added_p50_ms"] <= r["ttft_added_p99_ms"] and r["tpot_error_ms"] >= 0 and 0 <= r["gap_p50_ms"] <= r["gap_p99_ms"] and r["cpu_share"] > 0 for r in d)')" \
	True "the client's figures"
run words "$BT" doctor --client --track "$T/one.json"
status_is 0 "the client in words" words
has "$T/words.out" '^   4 +2400 +[0-9.]+ +[0-9.]+ ' "a row of the client"
has "$T/words.out" '^On this machine, .* the client adds less than [0-9.e+]+ ms to the median TTFT' "what the client adds"

for f in "$T"/*.out "$T"/*.err; do has_not "$f" 'secret' "secrets"; done
finish
