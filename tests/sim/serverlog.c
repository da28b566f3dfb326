/* serverlog: SGLang's log lines (see serverlog.h). */
#include "serverlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model.h"
#include "sim.h"

#define FLUSH_NS      (100 * NS_PER_MS)
#define PENDING_MAX   ((size_t)4 << 20)
#define DECODE_STEPS  40
#define DECODE_MIN_NS (50 * NS_PER_MS)
#define PREFILL_NS    (8 * NS_PER_MS)

/* ---- writing ---- */

static void flush_now(struct serverlog *log)
{
	size_t at = 0;

	while (at < log->pending.len) {
		ssize_t n = write(log->fd, log->pending.data + at, log->pending.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* a full disk must not stop the simulation */
		at += (size_t)n;
	}
	log->pending.len = 0;
	if (log->pending.failed)
		buf_free(&log->pending);
}

static void flush_timer(void *arg)
{
	flush_now(arg);
}

static void flush_soon(struct serverlog *log)
{
	if (!log->flush.slot)
		timer_set(&log->sim->reactor, &log->flush, clock_now() + FLUSH_NS);
}

void serverlog_raw(struct serverlog *log, const char *text)
{
	buf_text(&log->pending, text);
	flush_soon(log);
}

static const char *stamp_now(struct serverlog *log)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != log->stamp_second || !log->stamp[0]) {
		log->stamp_second = now.tv_sec;
		localtime_r(&now.tv_sec, &tm);
		strftime(log->stamp, sizeof log->stamp, "%Y-%m-%d %H:%M:%S", &tm);
	}
	return log->stamp;
}

void serverlog_stamp(struct serverlog *log, const char *who)
{
	buf_format(&log->pending, "[%s%s] ", stamp_now(log), who);
}

void serverlog_line(struct serverlog *log, const char *who, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	serverlog_stamp(log, who);
	buf_text(&log->pending, text);
	buf_add(&log->pending, "\n", 1);
	flush_soon(log);
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Request Entity Too Large";
	case 500:
		return "Internal Server Error";
	case 503:
		return "Service Unavailable";
	default:
		return "";
	}
}

void serverlog_access(struct serverlog *log, const char *address, unsigned port, const char *method, const char *path,
        unsigned status)
{
	char clean[128];
	size_t n = 0;

	for (; n < sizeof clean - 1 && path[n]; n++)
		clean[n] = path[n] > 32 && path[n] < 127 && path[n] != '"' ? path[n] : '?';
	clean[n] = '\0';
	serverlog_line(log, "", "INFO:     %s:%u - \"%s %s HTTP/1.1\" %u %s", address, port, method, clean, status,
	        reason(status));
}

/* ---- periodic lines ---- */

static double token_usage(const struct sim *sim)
{
	return (double)sim->live_tokens / SIM_KV_TOKENS;
}

/* Arrivals become prefill batches of at most the chunk size, one line each. */
static void prefill_timer(void *arg)
{
	struct serverlog *log = arg;
	struct sim *sim = log->sim;
	unsigned waiting = log->new_seqs;
	uint64_t tokens = log->new_tokens;

	while (waiting) {
		uint64_t batch = tokens < SIM_PREFILL_TOKENS ? tokens : SIM_PREFILL_TOKENS;
		unsigned seqs = tokens ? (unsigned)((uint64_t)waiting * batch / tokens) : waiting;

		if (seqs == 0 || batch == tokens)
			seqs = batch == tokens ? waiting : 1;
		waiting -= seqs;
		tokens -= batch;
		serverlog_line(log, " TP0",
		        "Prefill batch, #new-seq: %u, #new-token: %llu, #cached-token: 0, "
		        "token usage: %.2f, #running-req: %u, #queue-req: %u, ",
		        seqs, (unsigned long long)batch, token_usage(sim), sim->decoding, waiting);
	}
	log->new_seqs = 0;
	log->new_tokens = 0;
}

void serverlog_arrival(struct serverlog *log, uint64_t tokens)
{
	log->new_seqs++;
	log->new_tokens += tokens;
	if (!log->prefill.slot)
		timer_set(&log->sim->reactor, &log->prefill, clock_now() + PREFILL_NS);
}

static uint64_t decode_interval(const struct sim *sim)
{
	uint64_t ns = DECODE_STEPS * model_itl(sim);

	return ns < DECODE_MIN_NS ? DECODE_MIN_NS : ns;
}

static void decode_timer(void *arg)
{
	struct serverlog *log = arg;
	struct sim *sim = log->sim;
	uint64_t now = clock_now();
	double seconds = (double)(now - log->decode_at) / (double)NS_PER_S;

	if (!sim->decoding)
		return;
	sim->last_throughput = seconds > 0 ? (double)(sim->generated - log->decode_generated) / seconds : 0;
	serverlog_line(log, " TP0",
	        "Decode batch, #running-req: %u, #token: %llu, token usage: %.2f, "
	        "cuda graph: %s, gen throughput (token/s): %.2f, #queue-req: 0, ",
	        sim->decoding, (unsigned long long)sim->live_tokens, token_usage(sim),
	        sim->decoding > 128 ? "False" : "True", sim->last_throughput);
	log->decode_at = now;
	log->decode_generated = sim->generated;
	timer_set(&sim->reactor, &log->decode, now + decode_interval(sim));
}

void serverlog_decoding(struct serverlog *log)
{
	if (!log->decode.slot)
		timer_set(&log->sim->reactor, &log->decode, clock_now() + decode_interval(log->sim));
}

/* ---- life ---- */

int serverlog_open(struct serverlog *log, struct sim *sim, const char *path)
{
	*log = (struct serverlog){.sim = sim, .fd = -1, .pending = {.max = PENDING_MAX}};
	if (path)
		snprintf(log->path, sizeof log->path, "%s", path);
	else
		snprintf(log->path, sizeof log->path, "/tmp/sglang-server-sim-%d.log", (int)getpid());
	log->fd = open(log->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (log->fd < 0) {
		fprintf(stderr, "benchtop-sim: cannot write the log %s: %s\n", log->path, strerror(errno));
		return -1;
	}
	log->flush = (struct timer){.fire = flush_timer, .arg = log};
	log->prefill = (struct timer){.fire = prefill_timer, .arg = log};
	log->decode = (struct timer){.fire = decode_timer, .arg = log};
	log->decode_at = clock_now();
	return 0;
}

void serverlog_close(struct serverlog *log)
{
	if (log->fd < 0)
		return;
	flush_now(log);
	close(log->fd);
	buf_free(&log->pending);
	log->fd = -1;
}
