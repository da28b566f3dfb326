/*
 * benchtop-peer: the peer as a process of its own, so that a benchmark's client has a core to itself.
 * Prints "ready http://127.0.0.1:PORT" when it listens and serves until SIGTERM or SIGINT; exit status 0 then, 1 if it
 * could not start or write its record, 2 for a wrong command line.
 *
 * --record FILE writes at the end one line a request, tab-separated, times in ns of CLOCK_MONOTONIC:
 *   index conn accepted received closed prompt_tokens max_tokens first_id in_flight flags n_events sent,sent,...
 * flags: e Expect seen, a Authorization seen, k connection reused, c answered to the end; '-' = none.
 * A first line beginning with '#' holds the totals.
 */
#include "shapes.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] = "usage: benchtop-peer [options]\n"
                            "  --port N              port on 127.0.0.1 (0 = any)\n"
                            "  --mode MODE           paced (default), step, nodelay, scripted, silent, reset, refuse\n"
                            "  --ttft-us N           full request to first event (default 0)\n"
                            "  --itl-us N            from one send to the next (default 5000)\n"
                            "  --jitter-us N         paced: phase of each request in [0, N) (default: the ITL)\n"
                            "  --header-gap-us N     slow header: one byte each N us\n"
                            "  --events-per-send N   default 1, nodelay 64\n"
                            "  --tokens N            events an answer (0 = max_tokens of the request)\n"
                            "  --prompt-tokens N     usage.prompt_tokens (0 = ids of the request)\n"
                            "  --shape NAME          scripted: this answer to all (list: print the names)\n"
                            "  --keep-alive          keep connections after an answer\n"
                            "  --refuse-after N      refuse after N connections\n"
                            "  --seed N              for the phases\n"
                            "  --record FILE         write what was sent, and when, at the end\n";

struct options {
	struct peer_config cfg;
	bool jitter_given;
	const char *shape, *record;
};

static int mode_find(const char *name, enum peer_mode *out)
{
	static const char *const names[] = {"paced", "step", "nodelay", "scripted", "silent", "reset", "refuse"};
	static const enum peer_mode modes[] = {
	        PEER_PACED, PEER_STEP, PEER_NODELAY, PEER_SCRIPTED, PEER_SILENT, PEER_RESET, PEER_REFUSE};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = modes[i];
			return 0;
		}
	}
	return -1;
}

static int number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n > max)
		return -1;
	*out = n;
	return 0;
}

enum {
	OPT_PORT = 1,
	OPT_MODE,
	OPT_TTFT,
	OPT_ITL,
	OPT_JITTER,
	OPT_GAP,
	OPT_PER,
	OPT_TOKENS,
	OPT_PROMPT,
	OPT_SHAPE,
	OPT_KEEP,
	OPT_REFUSE,
	OPT_SEED,
	OPT_RECORD,
	OPT_HELP
};

static const struct option OPTIONS[] = {
        {"port", required_argument, NULL, OPT_PORT},
        {"mode", required_argument, NULL, OPT_MODE},
        {"ttft-us", required_argument, NULL, OPT_TTFT},
        {"itl-us", required_argument, NULL, OPT_ITL},
        {"jitter-us", required_argument, NULL, OPT_JITTER},
        {"header-gap-us", required_argument, NULL, OPT_GAP},
        {"events-per-send", required_argument, NULL, OPT_PER},
        {"tokens", required_argument, NULL, OPT_TOKENS},
        {"prompt-tokens", required_argument, NULL, OPT_PROMPT},
        {"shape", required_argument, NULL, OPT_SHAPE},
        {"keep-alive", no_argument, NULL, OPT_KEEP},
        {"refuse-after", required_argument, NULL, OPT_REFUSE},
        {"seed", required_argument, NULL, OPT_SEED},
        {"record", required_argument, NULL, OPT_RECORD},
        {"help", no_argument, NULL, OPT_HELP},
        {NULL, 0, NULL, 0},
};

/* An option with a number. */
static int set_number(struct options *o, int opt, const char *text)
{
	uint64_t n, us_max = INT64_MAX / 1000000;
	if (opt == OPT_SEED)
		return number(text, UINT64_MAX, &o->cfg.seed);
	if (opt == OPT_TTFT || opt == OPT_ITL || opt == OPT_JITTER || opt == OPT_GAP) {
		if (number(text, us_max, &n) < 0)
			return -1;
		int64_t ns = (int64_t)n * 1000;
		*(opt == OPT_TTFT           ? &o->cfg.ttft_ns
		        : opt == OPT_ITL    ? &o->cfg.itl_ns
		        : opt == OPT_JITTER ? &o->cfg.jitter_ns
		                            : &o->cfg.header_gap_ns) = ns;
		o->jitter_given |= opt == OPT_JITTER;
		return 0;
	}
	if (number(text, opt == OPT_PORT ? 65535 : UINT32_MAX, &n) < 0)
		return -1;
	if (opt == OPT_PORT)
		o->cfg.port = (int)n;
	else
		*(opt == OPT_PER            ? &o->cfg.events_per_send
		        : opt == OPT_TOKENS ? &o->cfg.tokens
		        : opt == OPT_PROMPT ? &o->cfg.prompt_tokens
		                            : &o->cfg.refuse_after) = (uint32_t)n;
	return 0;
}

static int options_read(struct options *o, int argc, char **argv)
{
	int opt;
	o->cfg.itl_ns = 5000000;
	while ((opt = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
		int rc = 0;
		switch (opt) {
		case OPT_MODE:
			rc = mode_find(optarg, &o->cfg.mode);
			break;
		case OPT_SHAPE:
			o->shape = optarg;
			o->cfg.mode = PEER_SCRIPTED;
			break;
		case OPT_RECORD:
			o->record = optarg;
			break;
		case OPT_KEEP:
			o->cfg.keep_alive = true;
			break;
		case OPT_HELP:
		case 'h':
			fputs(USAGE, stdout);
			exit(0);
		case '?':
			return -1;
		default:
			rc = set_number(o, opt, optarg);
		}
		if (rc < 0) {
			fprintf(stderr, "benchtop-peer: bad value '%s'\n", optarg);
			return -1;
		}
	}
	if (!o->jitter_given)
		o->cfg.jitter_ns = o->cfg.itl_ns;
	return optind == argc ? 0 : -1;
}

static void record_line(FILE *f, const struct peer_request *r)
{
	fprintf(f,
	        "%d\t%" PRIu32 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRId64 "\t%d\t",
	        r->index, r->conn, r->accepted_ns, r->received_ns, r->closed_ns, r->prompt_tokens, r->max_tokens,
	        r->prompt_first_id, r->in_flight_at_start);
	if (!r->saw_expect_header && !r->authorization_seen && !r->keepalive_reused && !r->complete)
		fputc('-', f);
	if (r->saw_expect_header)
		fputc('e', f);
	if (r->authorization_seen)
		fputc('a', f);
	if (r->keepalive_reused)
		fputc('k', f);
	if (r->complete)
		fputc('c', f);
	fprintf(f, "\t%" PRIu32 "\t", r->n_events);
	for (uint32_t i = 0; i < r->n_events; i++)
		fprintf(f, "%s%" PRId64, i ? "," : "", r->sent_ns[i]);
	fputc('\n', f);
}

static int record_write(struct peer *p, const char *path)
{
	const struct peer_request *r;
	size_t n = peer_requests(p, &r);
	FILE *f = fopen(path, "w");
	if (!f)
		return -errno;
	fprintf(f, "# connections %zu received %zu in_flight_max %d unrecorded %" PRIu64 "\n", peer_connections(p),
	        peer_received(p), peer_in_flight_max(p), peer_unrecorded(p));
	for (size_t i = 0; i < n; i++)
		record_line(f, &r[i]);
	bool bad = ferror(f);
	return fclose(f) != 0 || bad ? -EIO : 0;
}

static int shape_use(struct options *o, const struct peer_script **script)
{
	size_t n;
	const struct peer_shape *s = peer_shapes(&n);
	if (strcmp(o->shape, "list") == 0) {
		for (size_t i = 0; i < n; i++)
			puts(s[i].name);
		exit(0);
	}
	*script = peer_shape_script(o->shape);
	o->cfg.scripts = script;
	o->cfg.n_scripts = 1;
	return *script ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	const struct peer_script *script = NULL;
	struct peer *p;
	sigset_t stop;
	int sig;

	if (options_read(&o, argc, argv) < 0) {
		fputs(USAGE, stderr);
		return 2;
	}
	if (o.shape && shape_use(&o, &script) < 0) {
		fprintf(stderr, "benchtop-peer: no shape '%s'; --shape list prints the names\n", o.shape);
		return 2;
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	int rc = peer_start(&p, &o.cfg);
	if (rc < 0) {
		fprintf(stderr, "benchtop-peer: cannot serve on port %d: %s\n", o.cfg.port, strerror(-rc));
		return 1;
	}
	printf("ready http://127.0.0.1:%d\n", peer_port(p));
	fflush(stdout);
	sigwait(&stop, &sig);
	peer_stop(p);
	rc = o.record ? record_write(p, o.record) : 0;
	peer_free(p);
	if (rc < 0)
		fprintf(stderr, "benchtop-peer: cannot write %s: %s\n", o.record, strerror(-rc));
	return rc < 0 ? 1 : 0;
}
