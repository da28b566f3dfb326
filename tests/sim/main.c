/* benchtop-sim: a simulated SGLang server, leaderboard and dataset hub on one port.
 *
 * The partner of the tests and of `benchtop --demo`; it shares no code with the engine it judges, but
 * for the tokenizer that --tokenizer counts prompts with.
 * This file: options, the listening socket, start and end. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board.h"
#include "http.h"
#include "sim.h"
#include "simtext.h"
#include "startup.h"
#include "tokencount.h"

static const char USAGE[] =
        "usage: benchtop-sim [options]\n"
        "A simulated SGLang server, leaderboard and dataset rows API on one port. Prints one line when it\n"
        "listens (\"ready URL log=FILE\") and runs until SIGTERM.\n"
        "  --port N          port; 0 = any free one (default)\n"
        "  --host ADDR       address to listen on (127.0.0.1)\n"
        "  --time-scale X    modelled times are divided by X (1)\n"
        "  --seed N          seed of jitter, ids and random faults (0)\n"
        "  --log FILE        the server's log (/tmp/sglang-server-sim-PID.log)\n"
        "  --startup S       seconds of modelled start-up; 0 = ready at once (default)\n"
        "  --itl-ms N        fixed time between tokens instead of the model\n"
        "  --ttft-ms N       fixed time to the first token instead of the model\n"
        "  --model NAME      model name (amd/DeepSeek-R1-0528-MXFP4-Preview)\n"
        "  --bpb X           nominal bits per byte of the log probabilities (0.4491)\n"
        "  --prefill N       chunked prefill size that the server says it has (196608)\n"
        "  --tokenizer FILE  count text prompts of streams with this tokenizer.json\n"
        "  --columns N       values submit_results takes (14)\n"
        "  --prefix STR      prefix of Gradio's routes (/gradio_api)\n"
        "  --fault SPEC      WHAT[@n=K,p=P,after=S,for=S], repeatable; a wrong WHAT lists them all;\n"
        "                    after and for are real seconds since the start, not scaled\n"
        "  -h, --help        this text\n";

enum {
	OPT_PORT = 256,
	OPT_HOST,
	OPT_SCALE,
	OPT_SEED,
	OPT_LOG,
	OPT_STARTUP,
	OPT_ITL,
	OPT_TTFT,
	OPT_MODEL,
	OPT_BPB,
	OPT_PREFILL,
	OPT_TOKENIZER,
	OPT_COLUMNS,
	OPT_PREFIX,
	OPT_FAULT,
	OPT_CORPUS,
	OPT_TABLE
};

static const struct option OPTIONS[] = {
        {"port", required_argument, NULL, OPT_PORT},
        {"host", required_argument, NULL, OPT_HOST},
        {"time-scale", required_argument, NULL, OPT_SCALE},
        {"seed", required_argument, NULL, OPT_SEED},
        {"log", required_argument, NULL, OPT_LOG},
        {"startup", required_argument, NULL, OPT_STARTUP},
        {"itl-ms", required_argument, NULL, OPT_ITL},
        {"ttft-ms", required_argument, NULL, OPT_TTFT},
        {"model", required_argument, NULL, OPT_MODEL},
        {"bpb", required_argument, NULL, OPT_BPB},
        {"prefill", required_argument, NULL, OPT_PREFILL},
        {"tokenizer", required_argument, NULL, OPT_TOKENIZER},
        {"columns", required_argument, NULL, OPT_COLUMNS},
        {"prefix", required_argument, NULL, OPT_PREFIX},
        {"fault", required_argument, NULL, OPT_FAULT},
        {"print-demo-corpus", no_argument, NULL, OPT_CORPUS},
        {"print-demo-table", no_argument, NULL, OPT_TABLE},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

/* ---- options ---- */

/* A number of [low, high]; false after a sentence. */
static bool read_number(const char *name, const char *text, double low, double high, double *out)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= low && value <= high)) {
		fprintf(stderr, "benchtop-sim: --%s %s: not a number between %g and %g\n", name, text, low, high);
		return false;
	}
	*out = value;
	return true;
}

static bool read_whole(const char *name, const char *text, double low, double high, int *out)
{
	double value;

	if (!read_number(name, text, low, high, &value))
		return false;
	if (value != (double)(int)value) {
		fprintf(stderr, "benchtop-sim: --%s %s: not a whole number\n", name, text);
		return false;
	}
	*out = (int)value;
	return true;
}

static bool read_seed(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (!errno && *text && !*end && *text != '-')
		return true;
	fprintf(stderr, "benchtop-sim: --seed %s: not a whole number\n", text);
	return false;
}

static bool read_text(const char *name, const char *text, size_t max, const char **out)
{
	if (strlen(text) > max) {
		fprintf(stderr, "benchtop-sim: --%s is longer than %zu characters\n", name, max);
		return false;
	}
	*out = text;
	return true;
}

static bool read_prefix(const char *text, const char **out)
{
	size_t n = strlen(text);

	if (n && (text[0] != '/' || text[n - 1] == '/')) {
		fprintf(stderr, "benchtop-sim: --prefix %s: must begin with / and not end with it, or be empty\n",
		        text);
		return false;
	}
	return read_text("prefix", text, 200, out);
}

static bool read_tokenizer(struct sim *sim, const char *path)
{
	char why[600];

	if (!sim->tokencount)
		sim->tokencount = tokencount_open(path, why, sizeof why);
	if (!sim->tokencount)
		fprintf(stderr, "benchtop-sim: --tokenizer: %s\n", why);
	return sim->tokencount != NULL;
}

static bool read_option(struct sim *sim, int option, const char *text)
{
	struct sim_options *opt = &sim->opt;

	switch (option) {
	case OPT_PORT:
		return read_whole("port", text, 0, 65535, &opt->port);
	case OPT_HOST:
		return read_text("host", text, 200, &opt->host);
	case OPT_SCALE:
		return read_number("time-scale", text, 1e-3, 1e9, &opt->time_scale);
	case OPT_SEED:
		return read_seed(text, &opt->seed);
	case OPT_LOG:
		return read_text("log", text, 500, &opt->log_path);
	case OPT_STARTUP:
		return read_number("startup", text, 0, 1e6, &opt->startup_s);
	case OPT_ITL:
		return read_number("itl-ms", text, 0, 1e6, &opt->itl_ms);
	case OPT_TTFT:
		return read_number("ttft-ms", text, 0, 1e7, &opt->ttft_ms);
	case OPT_MODEL:
		return read_text("model", text, 200, &opt->model);
	case OPT_BPB:
		return read_number("bpb", text, 1e-6, 64, &opt->bpb);
	case OPT_PREFILL:
		return read_whole("prefill", text, 1, 1 << 28, &opt->prefill);
	case OPT_TOKENIZER:
		return read_tokenizer(sim, text);
	case OPT_COLUMNS:
		return read_whole("columns", text, 4, BOARD_COLUMNS_MAX, &opt->columns);
	case OPT_PREFIX:
		return read_prefix(text, &opt->prefix);
	case OPT_FAULT:
		return faults_add(&sim->faults, text) == 0;
	default:
		return false;
	}
}

/* ---- the demonstration corpus on stdout ---- */

static int print_corpus(void)
{
	size_t len;
	char *raw = sim_demo_raw(&len);
	bool ok = raw && fwrite(raw, 1, len, stdout) == len && fflush(stdout) == 0;

	free(raw);
	return ok ? 0 : 1;
}

/* Chunks, sums and the exact metrics at the nominal bits a byte. */
static int print_table(double bpb)
{
	struct sim_demo_chunk chunks[SIM_DEMO_CHUNKS];
	size_t len, raw_len, at = 0, gaps = 0, bytes = 0, words = 0, tokens = 0;
	char *joined = sim_demo_joined(&len), *raw = sim_demo_raw(&raw_len);
	double ll = 0;

	if (!joined || !raw) {
		free(joined);
		free(raw);
		return 1;
	}
	sim_demo_chunks(joined, len, chunks);
	for (int i = 0; i < SIM_DEMO_CHUNKS; i++) {
		size_t n;

		at += chunks[i].gap;
		ll += sim_document_ll(joined + at, chunks[i].bytes, bpb, &n);
		at += chunks[i].bytes;
		gaps += chunks[i].gap;
		bytes += chunks[i].bytes;
		words += chunks[i].words;
		tokens += n;
		printf("%s%zu,%zu,%zu", i ? " " : "", chunks[i].gap, chunks[i].bytes, chunks[i].words);
	}
	printf("\nrows %zu raw_bytes %zu joined_bytes %zu gaps %zu bytes %zu words %zu tokens %zu\n",
	        sim_demo_row_count(), raw_len, len, gaps, bytes, words, tokens);
	printf("bpb %g ll %.17g\nbits_per_byte %.17g\nbyte_perplexity %.17g\nword_perplexity %.17g\n", bpb, ll,
	        -ll / (double)bytes / M_LN2, exp(-ll / (double)bytes), exp(-ll / (double)words));
	free(joined);
	free(raw);
	return at == len ? 0 : 1;
}

/* -1: go on; else the exit status. */
static int parse_options(struct sim *sim, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
		if (option == 'h')
			return fputs(USAGE, stdout) < 0;
		if (option == OPT_CORPUS)
			return print_corpus();
		if (option == OPT_TABLE)
			return print_table(sim->opt.bpb);
		if (option == '?') {
			fputs("benchtop-sim: try --help\n", stderr);
			return 1;
		}
		if (!read_option(sim, option, optarg))
			return 1;
	}
	if (optind < argc) {
		fprintf(stderr, "benchtop-sim: %s: this program takes options only\n", argv[optind]);
		return 1;
	}
	return -1;
}

/* ---- listening ---- */

/* A listening socket with its port in *port; -1 after a sentence. */
static int open_listener(const char *host, int *port)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	struct sockaddr_in address;
	socklen_t len = sizeof address;
	int one = 1, fd = -1, code = getaddrinfo(host, NULL, &hints, &found);

	if (code) {
		fprintf(stderr, "benchtop-sim: --host %s: %s\n", host, gai_strerror(code));
		return -1;
	}
	memcpy(&address, found->ai_addr, sizeof address);
	freeaddrinfo(found);
	address.sin_port = htons((uint16_t)*port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
	        bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1024) ||
	        getsockname(fd, (struct sockaddr *)&address, &len)) {
		fprintf(stderr, "benchtop-sim: cannot listen on %s port %d: %s\n", host, *port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*port = ntohs(address.sin_port);
	return fd;
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= 8192)
		return;
	limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- life ---- */

static void die_now(void *arg)
{
	(void)arg;
	_exit(137);
}

static int run(struct sim *sim, struct MHD_Daemon *daemon)
{
	static struct timer death = {.fire = die_now};
	uint64_t death_at;
	int result;

	sim->start_ns = sim->faults.start_ns = clock_now();
	sim->faults.random = sim->opt.seed ^ UINT64_C(0x6661756c7473);
	death_at = faults_death(&sim->faults);
	if (death_at != UINT64_MAX)
		timer_set(&sim->reactor, &death, death_at);
	startup_begin(sim);
	printf("ready http://%s:%d log=%s\n", strcmp(sim->opt.host, "0.0.0.0") ? sim->opt.host : "127.0.0.1",
	        sim->opt.port, sim->log.path);
	fflush(stdout);
	result = reactor_run(&sim->reactor);
	serverlog_line(&sim->log, "",
	        "SIGTERM received. signum=None frame=None. Draining requests and shutting "
	        "down...");
	http_stop(sim, daemon);
	return result ? 2 : 0;
}

static int serve(struct sim *sim)
{
	int fd, result = 1;
	struct MHD_Daemon *daemon;

	raise_file_limit();
	if (reactor_open(&sim->reactor)) {
		fprintf(stderr, "benchtop-sim: no event loop: %s\n", strerror(errno));
		return 1;
	}
	fd = open_listener(sim->opt.host, &sim->opt.port);
	if (fd < 0 || serverlog_open(&sim->log, sim, sim->opt.log_path))
		return 1;
	sim->board = board_new(sim);
	daemon = sim->board ? http_start(sim, fd) : NULL;
	if (daemon && reactor_attach(&sim->reactor, daemon) == 0)
		result = run(sim, daemon);
	serverlog_close(&sim->log);
	board_free(sim->board);
	reactor_close(&sim->reactor);
	return result;
}

int main(int argc, char **argv)
{
	static struct sim sim = {
	        .opt = {.host = "127.0.0.1",
	                .time_scale = 1,
	                .itl_ms = -1,
	                .ttft_ms = -1,
	                .model = "amd/DeepSeek-R1-0528-MXFP4-Preview",
	                .bpb = SIM_NOMINAL_BPB,
	                .prefill = SIM_PREFILL_TOKENS,
	                .columns = 14,
	                .prefix = "/gradio_api"},
	        .log = {.fd = -1},
	};
	int status;

	LIST_INIT(&sim.streams);
	signal(SIGPIPE, SIG_IGN);
	status = parse_options(&sim, argc, argv);
	return status >= 0 ? status : serve(&sim);
}
