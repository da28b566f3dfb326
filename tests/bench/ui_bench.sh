#!/bin/bash
# What the screen costs: first paint, idle CPU, CPU and bytes while a sweep of CONC 64 runs on the simulated server.
# The dashboard runs in a pseudo terminal of 120x36 that reads all it writes. Prints one line of TSV a figure:
#   what reach measured verdict note
# Exit status: 0; 2 when nothing could be measured (said on stderr). BUILD=build/release tests/bench/ui_bench.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
: "${BUILD:=build/release}"
for need in "$BUILD/benchtop" "$BUILD/benchtop-sim"; do
	[ -x "$need" ] || { echo "ui_bench: $need is not built" >&2; exit 2; }
done
command -v python3 >/dev/null || { echo "ui_bench: python3 is needed for the pseudo terminal" >&2; exit 2; }
unset MODEL PORT TP CONC ISL OSL NUM_PROMPTS RESULT_FILENAME RANDOM_RANGE_RATIO TEAM_NAME_ENV LB_URL_OVERRIDE HF_TOKEN \
	OPENAI_API_KEY NO_COLOR BENCHTOP_RESULTS http_proxy https_proxy HTTP_PROXY HTTPS_PROXY TMUX
dir=$(mktemp -d "${TMPDIR:-/tmp}/benchtop-ui.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
export XDG_CACHE_HOME=$dir/cache XDG_CONFIG_HOME=$dir/config XDG_RUNTIME_DIR=$dir TERM=xterm-256color LC_ALL=C.UTF-8 TZ=UTC
python3 - "$PWD/$BUILD/benchtop" "$dir" <<'PY'
import fcntl, os, re, select, signal, struct, sys, time

PROGRAM, DIR = sys.argv[1], sys.argv[2]
ROWS, COLS = 36, 120
TIOCSWINSZ = 0x5414
ESCAPE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-Za-z]|.)", re.S)


def read_text(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def started(pid):
    """When the process began, to tell it from a later one with its number; None when it is gone."""
    stat = read_text("/proc/%d/stat" % pid)
    fields = stat.rpartition(")")[2].split()
    return fields[19] if fields and fields[0] not in "ZX" else None


def family(pid):
    """The process and all that came from it."""
    found = [pid]
    for p in found:
        try:
            tasks = os.listdir("/proc/%d/task" % p)
        except OSError:
            continue
        for t in tasks:
            for c in read_text("/proc/%d/task/%s/children" % (p, t)).split():
                if int(c) not in found:
                    found.append(int(c))
    return found


def cpu_s(pid, tid):
    """CPU seconds of a thread."""
    run = read_text("/proc/%d/task/%s/schedstat" % (pid, tid)).split()
    if run:
        return int(run[0]) / 1e9
    fields = read_text("/proc/%d/task/%s/stat" % (pid, tid)).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def threads(pid):
    try:
        return os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []


def is_benchtop(pid):
    try:
        return os.readlink("/proc/%d/exe" % pid) == os.path.realpath(PROGRAM)
    except OSError:
        return False


class Terminal:
    def __init__(self, *args):
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            fcntl.ioctl(0, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
            os.chdir(DIR)
            os.execv(PROGRAM, [PROGRAM] + list(args))
        self.began = time.monotonic()
        self.seen = {}
        self.raw = b""
        self.bytes = 0
        self.over = False

    def read(self, seconds, until=None):
        """Reads for so long, or until the text written so far has it; True when it has."""
        end = time.monotonic() + seconds
        while not self.over:
            left = end - time.monotonic()
            if left <= 0:
                break
            if select.select([self.fd], [], [], min(left, 0.5))[0]:
                try:
                    got = os.read(self.fd, 65536)
                except OSError:
                    got = b""
                self.over = not got
                self.bytes += len(got)
                self.raw = (self.raw + got)[-200000:]
                if until and until in ESCAPE.sub(b"", self.raw):
                    return True
        return False

    def forget(self):
        self.raw, self.bytes = b"", 0

    def keys(self, text):
        try:
            os.write(self.fd, text)
        except OSError:
            self.over = True

    def note(self):
        """Whom this one started, to end them all."""
        for p in family(self.pid):
            self.seen.setdefault(p, started(p))

    def screen_pid(self):
        """The process that draws: the one of ours with the most threads."""
        ours = [p for p in family(self.pid) if is_benchtop(p)]
        return max(ours, key=lambda p: len(threads(p))) if ours else self.pid

    def all_cpu(self):
        return sum(cpu_s(p, t) for p in family(self.pid) if is_benchtop(p) for t in threads(p))

    def end(self):
        self.note()
        for sig, wait in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 1.0)):
            until = time.monotonic() + wait
            for p, t in self.seen.items():
                if t and started(p) == t:
                    try:
                        os.kill(p, sig)
                    except OSError:
                        pass
            while time.monotonic() < until and any(t and started(p) == t for p, t in self.seen.items()):
                self.read(0.05)
        os.close(self.fd)
        try:
            os.waitpid(self.pid, 0)
        except OSError:
            pass


def row(what, reach, measured, good, note=""):
    print("\t".join((what, reach, measured, "reached" if good else "not reached", note)), flush=True)


def median(values):
    values = sorted(values)
    n = len(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


def loading():
    """What any start costs on this machine: exec, the libraries, exit, as `benchtop --version` does it."""
    null = os.open(os.devnull, os.O_RDWR)
    t = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.dup2(null, 1)
        os.execv(PROGRAM, [PROGRAM, "--version"])
    os.waitpid(pid, 0)
    os.close(null)
    return (time.monotonic() - t) * 1000


def first_paint():
    """From exec to the footer, the last row that is drawn, on the terminal; without a server and on the simulated one."""
    plain, demo = [], []
    load = median([loading() for _ in range(7)])
    for args, to in ((["--base-url", "http://127.0.0.1:9"], plain), (["--demo"], demo)):
        for _ in range(5):
            s = Terminal(*args)
            if s.read(5, b"keys"):
                to.append((time.monotonic() - s.began) * 1000)
            s.end()
    if not plain and not demo:
        return False
    note = "`--version` alone takes %.0f ms" % load
    if plain and demo:
        note += "; with the start of the simulated server %.0f ms" % median(demo)
    ms = median(plain or demo)
    row("first paint, exec to footer", "<= 50 ms", "%.0f ms" % ms, ms <= 50, note)
    return True


def idle(s):
    s.read(2)
    s.forget()
    cpu, t = s.all_cpu(), time.monotonic()
    s.read(5)
    share = (s.all_cpu() - cpu) / (time.monotonic() - t) * 100
    row("idle CPU, all threads", "<= 0.3 %", "%.2f %%" % share, share <= 0.3,
        "%.0f bytes/s to the terminal" % (s.bytes / (time.monotonic() - t)))


def sweep(s):
    s.keys(b"\r")
    s.read(1)
    s.forget()
    s.keys(b"\r")
    if not s.read(15, b" load "):
        print("ui_bench: the sweep did not start", file=sys.stderr)
        return
    s.read(1)
    s.forget()
    pid = s.screen_pid()
    ui, everything, t = cpu_s(pid, pid), s.all_cpu(), time.monotonic()
    s.read(6)
    wall = time.monotonic() - t
    ui, everything = (cpu_s(pid, pid) - ui) / wall * 100, (s.all_cpu() - everything) / wall * 100
    row("UI thread during a sweep of CONC 64", "<= 2 %", "%.2f %%" % ui, ui <= 2,
        "all threads with the load itself %.1f %%" % everything)
    row("bytes to the terminal during the sweep", "-", "%.0f /s" % (s.bytes / wall), True)


ok = first_paint()
if ok:
    s = Terminal("--demo", "--conc", "64", "--accuracy", "skip", "--num-prompts", "2048", "--results-dir", DIR)
    try:
        if s.read(5, b"keys"):
            s.note()
            idle(s)
            sweep(s)
    finally:
        s.end()
else:
    print("ui_bench: the dashboard paints nothing", file=sys.stderr)
sys.exit(0 if ok else 2)
PY
