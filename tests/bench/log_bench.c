/* The log reader on a large file: open to the first rows, memory, follow, index, search; truncation and rotation under it.
 *
 * Prints one table; decides nothing by time. 1 when something could not run, 0 else, also when there is no room.
 *   log_bench [--mb N]     N megabytes of log, default 1024, in $TMPDIR or /tmp
 * lnav's figures for the same file stand beside, where it is installed (lnav.py); run in the source directory.
 */
#include "../../engine/base/clock.h"
#include "../../tui/screen/logview.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 34
#define COLS 118

static char dir[400], path[480], other[480];
static size_t file_bytes = (size_t)1024 << 20;
static int failed;

static double seconds_since(int64_t t)
{
	return (double)(clock_mono_ns() - t) / 1e9;
}

static void row(const char *what, const char *reach, const char *measured, const char *note)
{
	printf("%-46s %-14s %-16s %s\n", what, reach, measured, note);
	fflush(stdout);
}

static void problem(const char *what)
{
	fprintf(stderr, "log_bench: could not run: %s\n", what);
	failed = 1;
}

/* Resident and anonymous memory in MB. */
static double memory(const char *key)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtod(line + strlen(key), NULL);
	if (f)
		fclose(f);
	return kb / 1024;
}

/* ---- the log ---- */

static size_t add_lines(char *out, size_t cap, uint64_t *n)
{
	size_t len = 0;
	while (len + 600 < cap) {
		uint64_t i = (*n)++;
		unsigned s = (unsigned)(i / 4 % 60), m = (unsigned)(i / 240 % 60), h = (unsigned)(i / 14400 % 24);
		char *to = out + len;
		size_t left = cap - len;
		int k;
		if (i % 200003 == 100000)
			k = snprintf(to, left,
			        "[2025-11-20 %02u:%02u:%02u TP2] Scheduler hit an exception: Traceback (most recent call last):\n"
			        "  File \"scheduler.py\", line 2619, in run_scheduler_process\n"
			        "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 3.07 GiB.\n",
			        h, m, s);
		else if (i % 50021 == 7)
			k = snprintf(to, left,
			        "[aiter] start build [module_moe_sorting] under /workspace/aiter/jit/build/module_moe_sorting\n");
		else if (i % 9 == 3)
			k = snprintf(to, left,
			        "[2025-11-20 %02u:%02u:%02u] INFO:     127.0.0.1:%u - \"POST /generate HTTP/1.1\" 200 OK\n",
			        h, m, s, (unsigned)(40000 + i % 20000));
		else if (i % 9 == 5)
			k = snprintf(to, left,
			        "[2025-11-20 %02u:%02u:%02u TP0] Prefill batch. #new-seq: 1, #new-token: %u, #cached-token: 0, token usage: 0.09, #running-req: 7, #queue-req: 0, \n",
			        h, m, s, (unsigned)(i % 8192));
		else
			k = snprintf(to, left,
			        "[2025-11-20 %02u:%02u:%02u TP0] Decode batch. #running-req: 8, #token: %u, token usage: 0.12, cuda graph: True, gen throughput (token/s): %u.%02u, #queue-req: 0, \n",
			        h, m, s, (unsigned)(i % 260000), (unsigned)(949 + i % 13), (unsigned)(i % 100));
		len += (size_t)k;
	}
	return len;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool make_log(void)
{
	static char piece[1 << 20];
	uint64_t n = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0;
	for (size_t done = 0; ok && done < file_bytes;) {
		size_t len = add_lines(piece, sizeof piece, &n);
		ok = write_all(fd, piece, len);
		done += len;
	}
	if (fd >= 0 && close(fd) < 0)
		ok = false;
	return ok;
}

/* ---- the measurements ---- */

static struct logfile *lf;
static struct logview view;
static struct canvas canvas;

static void paint(void)
{
	canvas_clear(&canvas);
	logview_update(&view, ROWS, COLS);
	logview_draw(&canvas, (struct rect){0, 0, ROWS, COLS}, &view);
	logview_bar(&canvas, ROWS, 0, COLS, &view);
}

static bool wait_for(int what, double limit)
{
	int64_t t = clock_mono_ns();
	struct logfile_facts f;
	do {
		logfile_facts(lf, &f);
		if (what < 0 ? f.complete : f.pattern[what].complete)
			return true;
		usleep(500);
	} while (seconds_since(t) < limit);
	return false;
}

static void opening(void)
{
	struct err e = {0};
	char text[64], note[96];
	double before = memory("VmRSS:");
	int64_t t = clock_mono_ns(), cpu = clock_thread_cpu_ns();
	if (logfile_open(&lf, path, &e) || logfile_start(lf, &e) || logview_open(&view, lf, &e)) {
		problem(e.text);
		return;
	}
	paint();
	snprintf(text, sizeof text, "%.1f ms", seconds_since(t) * 1e3);
	snprintf(note, sizeof note, "%d rows of the end, folded; %.1f ms of CPU", ROWS,
	        (double)(clock_thread_cpu_ns() - cpu) / 1e6);
	row("1 GB log: open to first rows", "<= 50 ms", text, note);
	double slowest = 0;
	while (!view.facts.complete && seconds_since(t) < 120) {
		int64_t at = clock_thread_cpu_ns();
		logview_move(&view, -3);
		paint();
		double took = (double)(clock_thread_cpu_ns() - at) / 1e9;
		slowest = took > slowest ? took : slowest;
		usleep(1000);
	}
	snprintf(text, sizeof text, "%.0f MB/s", (double)view.facts.size / 1e6 / seconds_since(t));
	snprintf(note, sizeof note, "%.1f M lines, %lld errors; costliest frame meanwhile %.1f ms of CPU",
	        (double)view.facts.lines / 1e6, (long long)view.facts.errors, slowest * 1e3);
	row("  indexing it: lines, errors, warnings", "", text, note);
	snprintf(text, sizeof text, "%.1f MB", memory("VmRSS:"));
	snprintf(note, sizeof note, "%.1f MB before it was opened; peak %.1f", before, memory("VmHWM:"));
	row("  resident", "<= 40 MB", text, note);
}

static double grep_seconds(const char *pattern, long *count)
{
	int fds[2];
	char out[64] = "";
	int64_t t = clock_mono_ns();
	if (pipe(fds) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		setenv("LC_ALL", "C", 1);
		execlp("grep", "grep", "-cE", pattern, path, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	ssize_t n = pid > 0 ? read(fds[0], out, sizeof out - 1) : 0;
	close(fds[0]);
	int status = -1;
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (n <= 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return -1;
	*count = strtol(out, NULL, 10);
	return seconds_since(t);
}

static void searching(const char *what, const char *reach, const char *pattern)
{
	struct err e = {0};
	char text[64], note[128] = "grep is not installed";
	long count = 0;
	double best = 0;
	for (int i = 0; i < 3; i++) {
		int64_t t = clock_mono_ns();
		if (logview_search(&view, pattern, &e) || !wait_for(LOGFILE_SEARCH, 120)) {
			problem(e.text[0] ? e.text : "the search did not end");
			return;
		}
		double rate = (double)view.facts.size / 1e6 / seconds_since(t);
		best = rate > best ? rate : best;
	}
	paint();
	double grep = grep_seconds(pattern, &count);
	snprintf(text, sizeof text, "%.0f MB/s", best);
	if (grep > 0)
		snprintf(note, sizeof note, "grep -c %.0f MB/s; %lld hits, grep %ld",
		        (double)view.facts.size / 1e6 / grep, (long long)view.facts.pattern[LOGFILE_SEARCH].hits,
		        count);
	row(what, reach, text, note);
}

static void filtering(void)
{
	struct err e = {0};
	char text[64], note[96];
	int64_t t = clock_mono_ns();
	if (logview_filter(&view, "start build|Scheduler hit", &e)) {
		problem(e.text);
		return;
	}
	logview_end(&view);
	do {
		usleep(200);
		paint();
	} while (view.empty && seconds_since(t) < 10);
	double first = seconds_since(t);
	wait_for(LOGFILE_FILTER, 120);
	double all = seconds_since(t);
	int64_t at = clock_mono_ns();
	for (int i = 0; i < 20; i++) {
		logview_page(&view, -1);
		paint();
	}
	snprintf(text, sizeof text, "%.1f ms", first * 1e3);
	snprintf(note, sizeof note, "all of it %.2f s; a page back %.1f ms", all, seconds_since(at) * 50);
	row("  filter: first rows", "", text, note);
	logview_filter(&view, "", &e);
	logview_end(&view);
	paint();
}

/* 256 MB are appended, untimed (the disk is not ours), with a frame every 16 ms. Then, by a reader of its own that stood at
 * the end of what was there: how fast it takes in what came, a frame after each slice. */
static void following(void)
{
	static char piece[1 << 20];
	char text[64], note[128];
	uint64_t n = 0;
	size_t written = 0;
	double slowest = 0, took;
	struct logfile *shown = lf, *own;
	struct err e = {0};
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (logfile_open(&own, path, &e)) {
		problem(e.text);
		return;
	}
	while (logfile_work(own, INT64_C(1) << 26) > 0)
		;
	int64_t frame = clock_mono_ns();
	logview_end(&view);
	while (fd >= 0 && written < (size_t)256 << 20) {
		size_t len = add_lines(piece, sizeof piece, &n);
		if (!write_all(fd, piece, len))
			break;
		written += len;
		if (seconds_since(frame) < 0.016)
			continue;
		frame = clock_mono_ns();
		int64_t cpu = clock_thread_cpu_ns();
		paint();
		took = (double)(clock_thread_cpu_ns() - cpu) / 1e9;
		slowest = took > slowest ? took : slowest;
	}
	if (fd >= 0)
		close(fd);
	wait_for(-1, 60);
	paint();
	bool at_end = view.follow && view.facts.complete;
	logview_close(&view);
	lf = own;
	if (logview_open(&view, lf, &e))
		problem(e.text);
	int64_t t = clock_mono_ns();
	while (logfile_work(lf, INT64_C(4) << 20) > 0)
		paint();
	snprintf(text, sizeof text, "%.0f MB/s", (double)written / 1e6 / seconds_since(t));
	snprintf(note, sizeof note, "a frame each 4 MB; costliest frame while it was written %.1f ms of CPU, %s",
	        slowest * 1e3, at_end ? "at the end" : "NOT at the end");
	row("  follow", ">= 200 MB/s", text, note);
	logview_close(&view);
	lf = shown;
	if (logview_open(&view, lf, &e))
		problem(e.text);
	logfile_close(own);
}

static void replacing(void)
{
	struct logfile_facts f;
	unsigned generation;
	char text[64];
	int64_t t = clock_mono_ns();
	generation = view.facts.generation;
	if (truncate(path, 0) < 0)
		problem("truncate");
	do {
		paint();
		logfile_facts(lf, &f);
		usleep(1000);
	} while (f.generation == generation && seconds_since(t) < 10);
	snprintf(text, sizeof text, "%.0f ms", seconds_since(t) * 1e3);
	row("  truncated under it: noticed after", "", text, f.generation != generation ? "" : "NOT noticed");
	generation = f.generation;
	t = clock_mono_ns();
	int fd = rename(path, other) == 0 ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) : -1;
	if (fd < 0 || !write_all(fd, "new\n", 4))
		problem("rotate");
	if (fd >= 0)
		close(fd);
	do {
		paint();
		logfile_facts(lf, &f);
		usleep(1000);
	} while ((f.generation == generation || f.lines != 1) && seconds_since(t) < 10);
	snprintf(text, sizeof text, "%.0f ms", seconds_since(t) * 1e3);
	row("  rotated under it: noticed after", "", text, f.lines == 1 ? "" : "NOT noticed");
}

/* The program that engineers use for this, where it is installed: printed beside, nothing is judged by it. */
static void beside(void)
{
	char command[600], ms[16] = "", mb[16] = "", rate[16] = "", text[64];
	if (system("command -v lnav >/dev/null 2>&1 && command -v python3 >/dev/null 2>&1") != 0) {
		row("  lnav beside it", "", "-", "needs lnav and python3 (apt install lnav)");
		return;
	}
	snprintf(command, sizeof command, "python3 tests/bench/lnav.py '%s' 2>/dev/null", path);
	FILE *f = popen(command, "r");
	int n = f ? fscanf(f, "%15s %15s %15s", ms, mb, rate) : 0;
	if (f)
		pclose(f);
	if (n != 3) {
		row("  lnav beside it", "", "-", "could not be measured");
		return;
	}
	snprintf(text, sizeof text, "%s ms", ms);
	row("  lnav: open to the first line on its screen", "", text, "");
	snprintf(text, sizeof text, "%s MB", mb);
	row("  lnav: resident when it has the whole file", "", text, "");
	snprintf(text, sizeof text, "%s MB/s", rate);
	row("  lnav: -n with a filter, start to end", "", text, "its start and index included");
}

int main(int argc, char **argv)
{
	struct statvfs st;
	const char *tmp = getenv("TMPDIR");
	if (argc == 3 && strcmp(argv[1], "--mb") == 0)
		file_bytes = (size_t)strtoul(argv[2], NULL, 10) << 20;
	if (!tmp || !*tmp)
		tmp = "/tmp";
	if (statvfs(tmp, &st) == 0 && (double)st.f_bavail * (double)st.f_frsize < (double)file_bytes * 1.5) {
		printf("log_bench: skipped: %s has no room for %zu MB\n", tmp, (file_bytes >> 20) * 3 / 2);
		return 0;
	}
	snprintf(dir, sizeof dir, "%s/benchtop-logbench-XXXXXX", tmp);
	if (!mkdtemp(dir)) {
		problem("no temporary directory");
		return 1;
	}
	snprintf(path, sizeof path, "%s/server.log", dir);
	snprintf(other, sizeof other, "%s/server.log.1", dir);
	if (canvas_open(&canvas, ROWS + 1, COLS, false) < 0 || !make_log()) {
		problem("the log could not be written");
	} else {
		opening();
		if (!failed) {
			searching("  search: a word", ">= 800 MB/s", "module_moe_sorting");
			searching("  search: a word with a capital (exact case)", "", "Scheduler");
			searching("  search: a frequent word", "", "Prefill");
			searching("  search: a regular expression", ">= 800 MB/s",
			        "gen throughput .token/s.: 95[0-4]\\.1");
			searching("  search: alternatives", "", "exception|start build");
			filtering();
			beside();
			following();
			replacing();
		}
		logview_close(&view);
		logfile_close(lf);
	}
	canvas_close(&canvas);
	unlink(path);
	unlink(other);
	rmdir(dir);
	return failed;
}
