#!/bin/bash
# `benchtop curve` on runs that were measured here: text, JSON, the chart, and what is refused.
. tests/e2e/lib.sh
command -v python3 >/dev/null || die "python3 is needed by this test (make deps)"

small_track "$T/small.json"
sim URL --time-scale 200
export MODEL=amd/DeepSeek-R1-0528-MXFP4-Preview PORT=${URL##*:} TP=8
COMMON=(--track "$T/small.json" --corpus "$CORPUS" --accuracy once)
TRACK=(--track "$T/small.json")
mkdir "$T/runs" && cd "$T/runs" || exit 2
well_formed() { python3 -c "import sys,xml.dom.minidom as m; d=m.parse(sys.argv[1]); print(' '.join(''.join(n.data for n in t.childNodes) for t in d.getElementsByTagName('text')))" "$1"; }

run empty "$BT" curve
status_is 1 "without any run" empty
has "$T/empty.err" 'no run with a passed row is in ' "nothing to draw"

run perf "$BT" perf -isl 1024 -osl 1024 "${COMMON[@]}"
status_is 0 "a batch" perf
need
A=$(echo batch_*_1024_1024_* batch_*isl1024_osl1024_* | tr ' ' '\n' | grep -v '\*' | head -1)
[ -d "$A" ] || die "no batch directory: $(ls)"

# --- text ---------------------------------------------------------------------------------------------------------------
run text "$BT" curve "${TRACK[@]}"
status_is 0 "the newest run" text
has "$T/text.out" '^small   1024/1024$' "track and pair"
has "$T/text.out" 'CONC +tok/s/GPU +E2E ms +curve there +gap +above +tok/s/user' "the table's head"
is "$(grep -cE '^ +(4|8|16|32|64)\?? +[0-9,.]+ ' "$T/text.out")" 5 "rows of the table"
has "$T/text.out" '^E2E +points above B200: [0-5] of 5 \([0-9]+ %\), rule 50 %: (not )?met$' "verdict against E2E"
has "$T/text.out" '^tok/s/user +points above B200: [0-5] of 5 \([0-9]+ %\), rule 50 %: (not )?met$' "verdict against interactivity"
has "$T/text.out" 'straight line from point to point' method
has "$T/text.out" '-o FILE.svg' "how to get the chart"
run named "$BT" curve "$A" "${TRACK[@]}"
status_is 0 "a named run" named
is "$(grep -v '^1' "$T/named.out")" "$(grep -v '^1' "$T/text.out")" "the newest run is that run"

# --- JSON: the figures are those of the result files ----------------------------------------------------------------------
run json "$BT" curve "$A" "${TRACK[@]}" --json
status_is 0 "JSON" json
is "$(python3 - "$T/json.out" "$A" "$ROOT/engine/tracks/dsr1-fp4-sglang-mi355x.json" <<'PY'
import glob, json, sys
d = json.load(open(sys.argv[1]))
ref = [r for r in json.load(open(sys.argv[3]))["reference"]["rows"] if r[:2] == [1024, 1024]]
run = d["runs"][0]
wrong = []
def line(points, x):
    points = sorted(points)
    if x <= points[0][0]: return points[0][1]
    if x >= points[-1][0]: return points[-1][1]
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 <= x <= x1: return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
for i, p in enumerate(run["points"]):
    f = json.load(open(glob.glob("%s/result_*_conc%d.json" % (sys.argv[2], p["conc"]))[0]))
    if abs(f["tput_per_gpu"] - p["tput_per_gpu"]) > 1e-6 * p["tput_per_gpu"]: wrong.append(("tput", p["conc"]))
    if abs(f["median_e2el_ms"] - p["median_e2el_ms"]) > 1e-6 * p["median_e2el_ms"]: wrong.append(("e2e", p["conc"]))
    for axis, k, col in (("e2e", "median_e2el_ms", 3), ("interactivity", "interactivity", 4)):
        want = line([(r[col], r[5]) for r in ref], p[k])
        if abs(run[axis]["curve_there"][i] - want) > 1e-6 * want: wrong.append((axis, p["conc"]))
        if abs(run[axis]["gap"][i] - (p["tput_per_gpu"] / want - 1)) > 1e-6: wrong.append((axis + " gap", p["conc"]))
    above = sum(g > 0 for g in run["e2e"]["gap"])
if above != run["e2e"]["above"] or run["e2e"]["met"] != (above >= 2.5): wrong.append("verdict")
print(len(run["points"]), len(d["reference"]["points"]), d["svg"], wrong)
PY
)" "5 5 None []" "points, curve and verdict"

# --- the chart ------------------------------------------------------------------------------------------------------------
run svg "$BT" curve "$A" "${TRACK[@]}" -o "$T/one.svg"
status_is 0 "the chart" svg
has "$T/svg.out" '^.*/one.svg   1024/1024$' "what was written"
well_formed "$T/one.svg" >"$T/one.txt" || fail "one.svg is not well formed"
has "$T/one.txt" 'ISL/OSL 1024/1024' "title of the chart"
has "$T/one.txt" 'points above B200: [0-5] of 5' "verdict on the chart"
has "$T/one.txt" 'median E2E, ms' "axis of the chart"
has "$T/one.txt" "measured $(date +%Y)-" "day on the chart"
for theme in light dark; do
	run "$theme" "$BT" curve "$A" "${TRACK[@]}" -o "$T/$theme.svg" --theme "$theme"
	status_is 0 "theme $theme" "$theme"
	well_formed "$T/$theme.svg" >/dev/null || fail "$theme.svg is not well formed"
	if command -v rsvg-convert >/dev/null; then
		rsvg-convert "$T/$theme.svg" -o "$T/$theme.png" || fail "$theme.svg cannot be drawn"
		[ -s "$T/$theme.png" ] || fail "$theme.png is empty"
	fi
done
command -v rsvg-convert >/dev/null || echo "skipped: rsvg-convert (librsvg2-bin) is not there to draw the charts"
is "$(head -c 4000 "$T/light.svg" | grep -o '<rect [^>]*>' | head -1)" "$(head -c 4000 "$T/one.svg" | grep -o '<rect [^>]*>' | head -1)" "the chart is light unless a theme is named"
run stdout "$BT" curve "$A" "${TRACK[@]}" -o -
status_is 0 "the chart to standard output" stdout
cmp -s "$T/stdout.out" "$T/one.svg" || fail "-o - differs from -o FILE"

# --- two runs, a part of a run, several pairs -------------------------------------------------------------------------------
run part "$BT" perf -isl 1024 -osl 1024 --conc 4,8 "${COMMON[@]}" --results-dir "$T/part"
run other "$BT" perf -isl 8192 -osl 1024 --conc 4 "${COMMON[@]}" --results-dir "$T/other"
B=$(ls -d "$T"/part/batch_*) C=$(ls -d "$T"/other/batch_*)
run two "$BT" curve "$B" "$A" "${TRACK[@]}"
status_is 0 "two runs" two
is "$(grep -c '^E2E ' "$T/two.out")" 2 "a verdict a run"
has "$T/two.out" '2 \([0-9]+ %\), rule 50 %: (open|not met), 3 more to measure' "what is missing decides nothing"
run pairs "$BT" curve "$A" "$C" "${TRACK[@]}" -o "$T/pairs.svg"
status_is 0 "two pairs" pairs
for p in isl1024_osl1024 isl8192_osl1024; do
	well_formed "$T/pairs_$p.svg" >/dev/null || fail "pairs_$p.svg"
done
[ -e "$T/pairs.svg" ] && fail "pairs.svg: each chart is named by its pair"
run chosen "$BT" curve "$A" "$C" "${TRACK[@]}" -isl 8192 -osl 1024 -o "$T/chosen.svg"
status_is 0 "a chosen pair" chosen
well_formed "$T/chosen.svg" | grep -q 'ISL/OSL 8192/1024' || fail "chosen.svg shows another pair"
run result "$BT" curve "$A"/result_*_conc8.json "${TRACK[@]}"
status_is 0 "one result file" result
has "$T/result.out" 'of 1 \(.*4 more to measure' "one point of five"

# A directory as the official tool leaves it: result files and the summary alone. It names no track.
official=$T/batch_isl1024_osl1024_20251125_150000
mkdir "$official" && cp "$A"/result_*.json "$A"/summary.txt "$official"
run official "$BT" curve "$official" "${TRACK[@]}" --json
status_is 0 "a run of the official tool" official
figures='[[p["conc"], round(p["tput_per_gpu"], 6), round(p["median_e2el_ms"], 6)] for p in d["runs"][0]["points"]], d["runs"][0]["e2e"]["text"]'
is "$(json "$T/official.out" "$figures")" "$(json "$T/json.out" "$figures")" "the same points from the result files alone"

# --- refused in words -------------------------------------------------------------------------------------------------------
run several "$BT" curve "$A" "$C" "${TRACK[@]}" -o -
status_is 1 "two charts to standard output" several
has "$T/several.err" 'choose a pair with -isl and -osl' "the remedy"
run png "$BT" curve "$A" "${TRACK[@]}" -o "$T/x.png"
status_is 1 "another kind of file" png
has "$T/png.err" 'let .*x.png end in .svg' "the remedy"
run nowhere "$BT" curve "$T/nowhere"
status_is 1 "no such run" nowhere
run absent "$BT" curve "$A" "${TRACK[@]}" -isl 1024 -osl 8192
status_is 1 "a pair that was not measured" absent
has "$T/absent.err" 'no row of 1024/8192 has passed' "the sentence"
run unknown "$BT" curve "$A"
status_is 1 "a track that is not known" unknown
has "$T/unknown.err" 'track "small" is not known here: give its file with --track' "the remedy"
sed 's/"name": "small"/"name": "small-two"/' "$T/small.json" >"$T/two.json"
run second "$BT" perf -isl 1024 -osl 1024 --conc 4 --track "$T/two.json" --corpus "$CORPUS" --accuracy once --results-dir "$T/second"
run mixed "$BT" curve "$A" "$T"/second/batch_* "${TRACK[@]}"
status_is 1 "runs of two tracks" mixed
has "$T/mixed.err" 'only runs of one track can be compared' "the sentence"
run full "$BT" curve "$A" "${TRACK[@]}" -o "$T/no/such/dir/x.svg"
status_is 2 "a directory that is not there" full
finish
