#!/usr/bin/env python3
"""lnav on a log, beside the figures of log_bench: FILE -> "MS RESIDENT_MB SEARCH_MB_S", a dash for what could not be had.

  MS           from its start in a terminal of 118x35 until a line of the file is on the screen
  RESIDENT_MB  the most that it held by the time it has the whole file (its index has stood still for two seconds)
  SEARCH_MB_S  the file's megabytes by the seconds of lnav -n with a filter (start and index included: it has no other way)
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")
LINE = re.compile(rb"batch|POST /generate|start build|Scheduler")


def memory_mb(pid):
    with open("/proc/%d/status" % pid) as f:
        return max(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def look(path, env):
    begun = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe("lnav", ["lnav", path], env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 35, 118, 0, 0))
    seen, shown, still, last = b"", None, time.monotonic(), -1
    try:
        while time.monotonic() - begun < 120:
            if select.select([fd], [], [], 0.2)[0]:
                seen = (seen + os.read(fd, 65536))[-200000:]
            now = time.monotonic()
            if shown is None and LINE.search(ESCAPES.sub(b"", seen)):
                shown = now - begun
            if cpu(pid) - last > 2:
                last, still = cpu(pid), now
            if shown is not None and now - still > 2:
                break
        return shown, memory_mb(pid)
    except (OSError, ValueError):
        return shown, None
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


def search(path, env):
    begun = time.monotonic()
    rc = subprocess.run(["lnav", "-n", "-c", ":filter-in module_moe_sorting", path], env=env, timeout=300,
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    return os.path.getsize(path) / 1e6 / (time.monotonic() - begun) if rc == 0 else None


def main():
    with tempfile.TemporaryDirectory() as home:
        env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=home, TERM="xterm-256color")
        shown, held = look(sys.argv[1], env)
        rate = search(sys.argv[1], env)
    words = ["%.0f" % (shown * 1e3) if shown else "-", "%.0f" % held if held else "-", "%.0f" % rate if rate else "-"]
    print(*words)


main()
