#!/bin/bash
# A terminal that stops reading, hangs up, or comes back: the run goes on, and nothing waits for the terminal.
. tests/e2e/lib.sh
cd "$T" || exit 2
export SANITIZED
python3 - "$BT" "$T" <<'PY'
import fcntl, glob, json, os, pty, re, select, signal, struct, sys, termios, time

PROGRAM, DIR = sys.argv[1], sys.argv[2]
SLOW = 4 if os.environ.get("SANITIZED") else 1
failed = False


def fail(text):
    global failed
    failed = True
    print("FAIL:", text, file=sys.stderr)


class Terminal:
    """The dashboard in a pseudo terminal of 120x36, on a results directory of its own."""

    def __init__(self, name, patience_ms=None):
        self.dir = os.path.join(DIR, name)
        os.mkdir(self.dir)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", XDG_RUNTIME_DIR=self.dir)
            if patience_ms:
                os.environ["BENCHTOP_TTY_PATIENCE_MS"] = str(patience_ms)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
            os.execv(PROGRAM, [PROGRAM, "--demo"])
        self.text = b""

    def read(self, seconds):
        """Takes what comes within so long; False at the end."""
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                got = b""
            self.text += got
            return bool(got)
        return True

    def until(self, pattern, seconds, what, anew=True):
        end = time.monotonic() + seconds * SLOW
        plain = b""
        again = 0 if anew else end
        while time.monotonic() < end:
            if time.monotonic() > again:  # changes alone are no text: everything is to be painted
                again = time.monotonic() + 1
                os.write(self.fd, b"\x0c")
            plain = re.sub(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-Za-z]|.)", b" ", self.text)
            if re.search(pattern, plain):
                return True
            if not self.read(0.2):
                break
        fail("%s: %r did not appear: ...%r" % (what, pattern, plain[-300:]))
        return False

    def keys(self, text):
        os.write(self.fd, text)
        self.text = b""

    def child(self):
        """The dashboard; the process in the terminal is its keeper."""
        for _ in range(100 * SLOW):
            with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as f:
                pids = f.read().split()
            if pids:
                return int(pids[0])
            time.sleep(0.02)
        raise SystemExit("FAIL: no dashboard process")

    def start_row(self, down):
        self.until(rb"ready", 15, "the dashboard")
        self.keys(b"\x1bOB" * down + b"r")
        self.until(rb"Run +sheet", 10, "the run sheet")
        self.keys(b"\r")
        self.until(rb"load +[0-9]+%", 40, "the load begins")

    def fill(self):
        """Has it paint everything anew until the terminal holds no more; nobody reads."""
        for _ in range(40):
            os.write(self.fd, b"\x0c")
            time.sleep(0.05)

    def gone(self, seconds):
        """Exit status of the keeper, None when it is still there."""
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status) if hasattr(os, "waitstatus_to_exitcode") else status >> 8
            time.sleep(0.05)
        return None

    def journal(self):
        facts = []
        for name in glob.glob(self.dir + "/benchtop-demo-*/*/events.jsonl"):
            with open(name) as f:
                facts += [json.loads(line) for line in f if line.endswith("\n")]
        return facts

    def run_ends_well(self, what):
        """The run goes on to its end, and nothing was late in it."""
        end = time.monotonic() + 60 * SLOW
        last = None
        while time.monotonic() < end and last is None:
            last = next((f for f in self.journal() if f.get("kind") == "run_finished"), None)
            time.sleep(0.2)
        if last is None or last.get("exit_status") != 0:
            return fail("%s: the run did not end well: %r" % (what, last))
        loads = [f for f in self.journal() if f.get("kind") == "load_measured"]
        if not loads:
            return fail("%s: nothing was measured" % what)
        late = loads[-1].get("late_p99_ms")
        print("%s: %d requests, client late p99 %r ms" % (what, loads[-1]["completed"], late))
        if late is None or late > 10 * SLOW * SLOW:
            fail("%s: the client was late by %r ms" % (what, late))

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ended(pid, seconds):
    end = time.monotonic() + seconds * SLOW
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


# --- the reader stops in the middle of a run, and comes back after it ------------------------------------------------
t = Terminal("stuck", 1500)
t.start_row(4)  # CONC 64
child = t.child()
t.fill()
t.run_ends_well("reader stops")
logs = glob.glob(t.dir + "/benchtop-demo-*/*/detached.log")
if not logs or os.path.getsize(logs[0]) == 0:
    fail("reader stops: the run did not go on without the screen")
if not ended(child, 10):
    fail("reader stops: the detached process does not end after its run")
t.text = b""
t.until(rb"the run goes on as pid %d" % child, 10, "the reader comes back", anew=False)
if b"\x1b[?1049l" not in t.text or b"\x1b[?25h" not in t.text:
    fail("the reader comes back: the terminal is not restored")
if t.gone(10) != 0:
    fail("the reader comes back: the keeper does not end")
t.close()

# --- the terminal hangs up; the shell that goes down hangs up on its jobs once more ----------------------------------
t = Terminal("hangup")
t.start_row(0)
child = t.child()
t.close()
os.kill(child, signal.SIGHUP)
t.gone(10)
if alive(child):
    os.kill(child, signal.SIGHUP)
t.run_ends_well("hang-up")
if not ended(child, 10):
    fail("hang-up: the detached process does not end after its run")

# --- at rest: a terminal that takes nothing does not keep anybody from leaving ---------------------------------------
t = Terminal("term")
t.until(rb"ready", 15, "the dashboard")
child = t.child()
t.fill()
os.kill(child, signal.SIGTERM)
if not ended(child, 5):
    fail("SIGTERM with a reader that stopped: the dashboard does not end")
t.text = b""
while t.read(5):
    if t.gone(0.01) is not None:
        break
while select.select([t.fd], [], [], 0.2)[0] and t.read(0.1):
    pass
if b"\x1b[?1049l" not in t.text:
    fail("SIGTERM with a reader that stopped: the terminal is not restored")
t.close()

# --- the keeper is killed: the dashboard must not hold a terminal that is the shell's again ---------------------------
t = Terminal("keeper")
t.until(rb"ready", 15, "the dashboard")
child = t.child()
os.kill(t.pid, signal.SIGKILL)
os.waitpid(t.pid, 0)
if not ended(child, 10):
    fail("without the keeper the dashboard stays")
t.close()
sys.exit(failed)
PY
[ $? -eq 0 ] || FAILED=1
finish
