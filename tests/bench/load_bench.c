/*
 * load_bench: the load engine as a process of its own, to be measured against bare.c and the reference client.
 *
 * Who runs it: the benchmark driver, against benchtop-peer or a simulator.
 * Output: one line of TSV on stdout
 *   name tokens tokens/s cpu_s_per_1000_tokens ttft_median_ms ttft_p99_ms itl_median_ms max_rss_MB
 * --verbose adds the client's own error on stderr.
 * Exit status: 0, 1 when a request failed or nothing was measured, 2 for a wrong command line.
 */
#include "../../engine/base/clock.h"
#include "../../engine/load/load.h"
#include <curl/curl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct options {
	const char *url, *name;
	int conc, requests, isl, osl, warmups;
	bool verbose, live;
};

static const struct option OPTIONS[] = {
        {"url", required_argument, NULL, 'u'},
        {"name", required_argument, NULL, 'n'},
        {"conc", required_argument, NULL, 'c'},
        {"requests", required_argument, NULL, 'r'},
        {"isl", required_argument, NULL, 'i'},
        {"osl", required_argument, NULL, 'o'},
        {"warmups", required_argument, NULL, 'w'},
        {"verbose", no_argument, NULL, 'v'},
        {"live", no_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
};

static int options_read(struct options *o, int argc, char **argv)
{
	int opt;
	while ((opt = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
		switch (opt) {
		case 'u':
			o->url = optarg;
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'c':
			o->conc = atoi(optarg);
			break;
		case 'r':
			o->requests = atoi(optarg);
			break;
		case 'i':
			o->isl = atoi(optarg);
			break;
		case 'o':
			o->osl = atoi(optarg);
			break;
		case 'w':
			o->warmups = atoi(optarg);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'l':
			o->live = true;
			break;
		default:
			return -1;
		}
	}
	if (o->requests == 0)
		o->requests = o->conc * 10;
	return o->url && optind == argc && o->conc > 0 ? 0 : -1;
}

static void progress(void *ctx, const struct ev_load_progress *p)
{
	const struct options *o = ctx;
	if (o->live && p->sample)
		fprintf(stderr,
		        "%6.1fs left %6.1f  done %" PRId64 "/%" PRId64 " failed %" PRId64
		        "  %8.0f tok/s  slots %.2f  itl %.3f\n",
		        p->elapsed_s, p->eta_s, p->done, p->total, p->failed, p->output_tps, p->slots_mean,
		        p->itl_median);
}

static void print_client(const struct load_result *r)
{
	const struct ev_load_measured *m = &r->m;
	fprintf(stderr,
	        "completed %" PRId64 " failed %" PRId64
	        " duration %.3f s  ttft mean %.3f  tpot median %.4f  itl mean %.4f p99 %.3f\n"
	        "e2el median %.3f  late p50 %.4f p99 %.4f ms  gap p50 %.4f p99 %.4f ms  bundled %" PRId64
	        "  cpu %.3f  slots %.3f  in flight max %d\n",
	        m->completed, m->failed, m->duration_s, m->ttft_mean, m->tpot_median, m->itl_mean, m->itl_p99,
	        m->e2el_median, m->late_p50_ms, m->late_p99_ms, m->gap_p50_ms, m->gap_p99_ms, m->bundled_events,
	        m->cpu_share, m->slots_mean, r->in_flight_max);
	if (m->failed)
		fprintf(stderr, "first error: %s\n", m->first_error);
}

static int measure(const struct options *o, const struct prompt_set *prompts)
{
	struct load_result r;
	struct err e;
	struct rusage use;
	struct load_spec spec = {
	        .base_url = o->url,
	        .model = "amd/DeepSeek-R1-0528-MXFP4-Preview",
	        .prompts = prompts,
	        .conc = o->conc,
	        .num_warmups = o->warmups,
	        .gpus = 8,
	        .progress = progress,
	        .ctx = (void *)(uintptr_t)o,
	};
	if (load_run(&spec, &r, &e)) {
		fprintf(stderr, "load_bench: %s\n", e.text);
		return 1;
	}
	getrusage(RUSAGE_SELF, &use);
	const struct ev_load_measured *m = &r.m;
	double tokens = (double)m->total_output;
	printf("%s\t%.0f\t%.0f\t%.6f\t%.4f\t%.4f\t%.4f\t%.1f\n", o->name, tokens, m->output_throughput,
	        m->cpu_share * m->duration_s / tokens * 1000, m->ttft_median, m->ttft_p99, m->itl_median,
	        (double)use.ru_maxrss / 1024);
	if (o->verbose)
		print_client(&r);
	int rc = m->failed > 0 || m->completed == 0;
	load_result_free(&r);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.name = "benchtop", .conc = 64, .isl = 32, .osl = 1024};
	struct prompt_set *prompts;
	struct err e;
	if (options_read(&o, argc, argv)) {
		fprintf(stderr,
		        "usage: load_bench --url URL [--name N] [--conc N] [--requests N] [--isl N] [--osl N] [--warmups N]"
		        " [--verbose] [--live]\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	const struct prompt_spec ps = {.n = o.requests, .isl = o.isl, .osl = o.osl, .ratio = 1, .vocab = 128000};
	if (prompts_make(&prompts, &ps, &e)) {
		fprintf(stderr, "load_bench: %s\n", e.text);
		return 2;
	}
	int rc = measure(&o, prompts);
	prompts_free(prompts);
	curl_global_cleanup();
	return rc;
}
