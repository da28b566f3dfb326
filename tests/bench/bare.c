/*
 * bare: the least a client can do, as the baseline that figures of the real one are divided by.
 *
 * C slots in a closed loop, one fresh connection a request, epoll and recv into a buffer per slot, one clock read a
 * recv, token events found by "\n\n" and the choices scan. No HTTP parsing, no timers, no ITL record: only what any
 * client has to do. It trusts its server (benchtop-peer) and stops at the first thing it does not expect.
 *
 * Who runs it: the benchmark driver, against the same server and in the same run as the client to be measured.
 * Output: one line of TSV on stdout
 *   name tokens tokens/s cpu_s_per_1000_tokens ttft_median_ms ttft_p99_ms
 * Exit status: 0, 1 when a request failed, 2 for a wrong command line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_CAP   65536u
#define MAX_CONC 4096u

struct slot {
	int fd;
	int64_t start_ns;
	bool connected, first_seen;
	size_t sent, in_len;
	char *in; /* IN_CAP bytes; an event that is not whole yet is kept at its start */
};

struct bare {
	struct sockaddr_in at;
	unsigned conc, requests, osl, isl;
	char *request;
	size_t request_len;
	int epoll_fd;
	struct slot *slots;
	unsigned started, done;
	uint64_t tokens;
	int64_t *ttft_ns; /* one a request that had a token */
	unsigned n_ttft;
	int64_t last_ns;
};

static int64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The request, the same for all. */
static int request_make(struct bare *b)
{
	size_t cap = 512 + (size_t)b->isl * 7;
	char *body = malloc(cap);
	b->request = malloc(cap + 512);
	if (!body || !b->request)
		return -ENOMEM;
	char *to = body + sprintf(body, "{\"model\":\"m\",\"prompt\":[");
	for (unsigned i = 0; i < b->isl; i++)
		to += sprintf(to, "%s%u", i ? "," : "", 10000 + i % 80000);
	to += sprintf(to,
	        "],\"temperature\":0.0,\"best_of\":1,\"max_tokens\":%u,\"logprobs\":null,\"stream\":true,"
	        "\"stream_options\":{\"include_usage\":true},\"ignore_eos\":true}",
	        b->osl);
	int n = sprintf(b->request,
	        "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer None\r\nAccept: */*\r\n"
	        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	        ntohs(b->at.sin_port), (size_t)(to - body));
	memcpy(b->request + n, body, (size_t)(to - body));
	b->request_len = (size_t)n + (size_t)(to - body);
	free(body);
	return 0;
}

static int slot_send(struct bare *b, struct slot *s)
{
	while (s->sent < b->request_len) {
		ssize_t n = send(s->fd, b->request + s->sent, b->request_len - s->sent, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		s->sent += (size_t)n;
	}
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};
	return epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

static int slot_start(struct bare *b, struct slot *s)
{
	int one = 1;
	b->started++;
	s->sent = s->in_len = 0;
	s->first_seen = false;
	s->start_ns = clock_ns();
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(s->fd, (const struct sockaddr *)&b->at, sizeof b->at) < 0 && errno != EINPROGRESS)
		return -errno;
	struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = s};
	return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0 ? -errno : 0;
}

/* Whether the event has choices: the first "choices":[ in it is not followed by ']'. */
static bool has_choices(const char *at, const char *stop)
{
	static const char key[] = "\"choices\":";
	const ptrdiff_t key_len = sizeof key - 1;
	for (const char *hit; (hit = memchr(at, '[', (size_t)(stop - at))); at = hit + 1)
		if (hit - at >= key_len && memcmp(hit - key_len, key, (size_t)key_len) == 0)
			return hit[1] != ']';
	return false;
}

/* Counts the token events that are whole and keeps the rest. */
static uint64_t slot_scan(struct slot *s)
{
	const char *at = s->in, *from = at, *end = at + s->in_len, *line;
	uint64_t tokens = 0;
	while ((line = memchr(from, '\n', (size_t)(end - from))) && line + 1 < end) {
		from = line + 1;
		if (line[1] != '\n')
			continue;
		tokens += has_choices(at, line);
		at = from = line + 2;
	}
	s->in_len = (size_t)(end - at);
	if (at != s->in)
		memmove(s->in, at, s->in_len);
	return tokens;
}

static int slot_end(struct bare *b, struct slot *s)
{
	close(s->fd);
	s->fd = -1;
	b->done++;
	if (!s->first_seen)
		return -EPROTO;
	return b->started < b->requests ? slot_start(b, s) : 0;
}

static int slot_read(struct bare *b, struct slot *s)
{
	for (;;) {
		size_t room = IN_CAP - s->in_len;
		if (room == 0)
			return -EMSGSIZE;
		ssize_t n = recv(s->fd, s->in + s->in_len, room, 0);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		int64_t now = clock_ns();
		if (n == 0)
			return slot_end(b, s);
		s->in_len += (size_t)n;
		uint64_t tokens = slot_scan(s);
		if (tokens && !s->first_seen) {
			s->first_seen = true;
			b->ttft_ns[b->n_ttft++] = now - s->start_ns;
		}
		b->tokens += tokens;
		b->last_ns = now;
		if ((size_t)n < room)
			return 0;
	}
}

static int run(struct bare *b)
{
	struct epoll_event ev[256];
	int rc = 0;
	for (unsigned i = 0; i < b->conc && b->started < b->requests && rc == 0; i++)
		rc = slot_start(b, &b->slots[i]);
	while (rc == 0 && b->done < b->requests) {
		int n = epoll_wait(b->epoll_fd, ev, 256, -1);
		for (int i = 0; i < n && rc == 0; i++) {
			struct slot *s = ev[i].data.ptr;
			rc = ev[i].events & EPOLLOUT ? slot_send(b, s) : slot_read(b, s);
		}
	}
	return rc;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Percentile by linear interpolation, in ms. */
static double percentile_ms(const int64_t *sorted, unsigned n, double p)
{
	if (n == 0)
		return 0;
	double h = p / 100 * (double)(n - 1);
	unsigned k = (unsigned)h;
	double lo = (double)sorted[k], hi = (double)sorted[k + 1 < n ? k + 1 : k];
	return (lo + (hi - lo) * (h - (double)k)) / 1e6;
}

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int options_read(struct bare *b, int argc, char **argv)
{
	static const struct option options[] = {
	        {"url", required_argument, NULL, 'u'},
	        {"conc", required_argument, NULL, 'c'},
	        {"requests", required_argument, NULL, 'n'},
	        {"osl", required_argument, NULL, 'o'},
	        {"isl", required_argument, NULL, 'i'},
	        {NULL, 0, NULL, 0},
	};
	char host[64] = "";
	unsigned port = 0;
	int opt;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned n = opt == 'u' || opt == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);
		switch (opt) {
		case 'u':
			if (sscanf(optarg, "http://%63[0-9.]:%u", host, &port) != 2)
				return -1;
			break;
		case 'c':
			b->conc = n;
			break;
		case 'n':
			b->requests = n;
			break;
		case 'o':
			b->osl = n;
			break;
		case 'i':
			b->isl = n;
			break;
		default:
			return -1;
		}
	}
	b->at.sin_family = AF_INET;
	b->at.sin_port = htons((uint16_t)port);
	if (b->requests == 0)
		b->requests = b->conc * 10;
	return port == 0 || port > 65535 || inet_pton(AF_INET, host, &b->at.sin_addr) != 1 || b->conc == 0 ||
	                       b->conc > MAX_CONC || b->osl == 0 || b->isl == 0 || b->isl > 1000000 || optind != argc
	               ? -1
	               : 0;
}

static int memory_get(struct bare *b)
{
	b->slots = calloc(b->conc, sizeof *b->slots);
	b->ttft_ns = calloc(b->requests, sizeof *b->ttft_ns);
	for (unsigned i = 0; b->slots && i < b->conc; i++)
		if (!(b->slots[i].in = malloc(IN_CAP)))
			return -ENOMEM;
	return b->slots && b->ttft_ns ? request_make(b) : -ENOMEM;
}

static void memory_free(struct bare *b)
{
	for (unsigned i = 0; b->slots && i < b->conc; i++)
		free(b->slots[i].in);
	free(b->slots);
	free(b->ttft_ns);
	free(b->request);
}

int main(int argc, char **argv)
{
	struct bare b = {.conc = 64, .osl = 1024, .isl = 1024};
	if (options_read(&b, argc, argv) < 0) {
		fputs("usage: bare --url http://127.0.0.1:PORT [--conc N] [--requests N] [--osl N] [--isl N]\n",
		        stderr);
		return 2;
	}
	int rc = memory_get(&b);
	b.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	double cpu = cpu_seconds();
	int64_t from = clock_ns();
	if (rc == 0)
		rc = b.epoll_fd < 0 ? -errno : run(&b);
	cpu = cpu_seconds() - cpu;
	if (rc < 0) {
		fprintf(stderr, "bare: request failed after %u of %u: %s\n", b.done, b.requests, strerror(-rc));
	} else {
		qsort(b.ttft_ns, b.n_ttft, sizeof *b.ttft_ns, by_value);
		printf("bare\t%" PRIu64 "\t%.0f\t%.6f\t%.3f\t%.3f\n", b.tokens,
		        (double)b.tokens / ((double)(b.last_ns - from) / 1e9), cpu / (double)b.tokens * 1000,
		        percentile_ms(b.ttft_ns, b.n_ttft, 50), percentile_ms(b.ttft_ns, b.n_ttft, 99));
	}
	memory_free(&b);
	return rc < 0 ? 1 : 0;
}
