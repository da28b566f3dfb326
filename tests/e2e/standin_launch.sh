# Stands in for launch_sglang_server.sh: as the real one it makes a log of its own that nothing is written to, lowers the
# prefill size for long prompts at high concurrency, shows its command and stays in the foreground.
export SERVER_LOG
SERVER_LOG=$(mktemp "${STANDIN_TMP:?}/sglang-server-XXXXXX.log")
if [ "${ISL:-}" = 8192 ] && [ "${OSL:-}" = 1024 ] && [ "${CONC:-0}" -gt 32 ]; then prefill=32768; else prefill=196608; fi
CMD="python3 $STANDIN_SERVER -m sglang.launch_server --model-path=$MODEL --host=0.0.0.0 --port=$PORT --tensor-parallel-size=$TP --chunked-prefill-size=$prefill"
set -x
eval "$CMD"
