/* A load against a peer that keeps a schedule and a record: counts are exact, times agree with what was really sent. */
#include "test_load_help.h"

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
	qsort(x, n, sizeof *x, order);
	return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* A machine that others use too may stop a process for a while; the benchmarks print the fine figures. */
#define NEAR_MS      2.0
#define NEAR_WAVE_MS 100.0 /* with C connections set up at once by two threads of one machine */

static void near(const char *what, double got, double want, double by)
{
	if (!(fabs(got - want) <= by))
		fail_msg("%s: the client measures %.3f ms, the peer sent at %.3f ms", what, got, want);
}

static void medians_agree(const struct ev_load_measured *m, const struct peer_request *q, size_t n, uint32_t osl)
{
	double *itl = malloc(n * osl * sizeof *itl), *one = malloc(3 * n * sizeof *one);
	size_t gaps = 0;
	assert_true(itl && one);
	for (size_t i = 0; i < n; i++) {
		for (uint32_t k = 1; k < osl; k++)
			itl[gaps++] = (double)(q[i].sent_ns[k] - q[i].sent_ns[k - 1]) / 1e6;
		one[i] = (double)(q[i].sent_ns[osl - 1] - q[i].sent_ns[0]) / 1e6 / (osl - 1);
		one[n + i] = (double)(q[i].sent_ns[0] - q[i].accepted_ns) / 1e6;
		one[2 * n + i] = (double)(q[i].sent_ns[osl - 1] - q[i].accepted_ns) / 1e6;
	}
	double ttft = median(one + n, n), e2el = median(one + 2 * n, n);
	/* Whatever the machine does, a request starts before it is accepted and a token comes after it was sent. */
	assert_true(m->ttft_median >= ttft && m->e2el_median >= e2el);
	if (m->bundled_events * 20 > m->itl_samples) {
		print_message("the machine is too busy to compare medians: %lld events came late\n",
		        (long long)m->bundled_events);
	} else {
		near("ITL", m->itl_median, median(itl, gaps), NEAR_MS);
		near("TPOT", m->tpot_median, median(one, n), NEAR_MS);
		near("TTFT", m->ttft_median, ttft, NEAR_WAVE_MS);
		near("E2EL", m->e2el_median, e2el, NEAR_WAVE_MS);
	}
	free(itl);
	free(one);
}

static int64_t first_id(const struct prompt_set *p, size_t i)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_int_equal(prompts_json(p, i, &b), 0);
	int64_t id = strtoll(b.data + strcspn(b.data, "0123456789"), NULL, 10);
	buf_free(&b);
	return id;
}

/* Each request arrived once, on a connection of its own; never more than C at a time. */
static void record_is_clean(const struct bench *b, const struct peer_request *q, size_t n, int conc, uint32_t osl)
{
	int64_t want = 0, got = 0;
	bool *conns = calloc(n, sizeof *conns);
	assert_non_null(conns);
	for (size_t i = 0; i < n; i++) {
		assert_true(q[i].conn < n && !conns[q[i].conn]);
		conns[q[i].conn] = true;
		assert_true(q[i].authorization_seen && q[i].complete);
		assert_false(q[i].saw_expect_header || q[i].keepalive_reused);
		assert_int_equal(q[i].n_events, osl);
		assert_int_equal(q[i].max_tokens, osl);
		assert_true(q[i].in_flight_at_start <= conc);
		want += first_id(b->prompts, i);
		got += q[i].prompt_first_id;
	}
	assert_int_equal(got, want);
	free(conns);
}

static void rows_are_whole(const struct load_result *r, size_t n, uint32_t isl, uint32_t osl)
{
	double sum = 0;
	assert_int_equal(r->n_rows, n);
	for (size_t i = 0; i < n; i++) {
		const struct load_row *row = &r->rows[i];
		assert_true(row->started && row->error == COMPLETION_OK);
		assert_int_equal(row->events, osl);
		assert_int_equal(row->tokens_out, osl);
		assert_int_equal(row->tokens_in, isl);
		assert_int_equal(row->prompt_tokens_server, isl);
		assert_true(row->start_ns >= 0 && row->ttft_ns > 0 && row->e2el_ns > row->ttft_ns);
		assert_true(i == 0 || row->start_ns >= r->rows[i - 1].start_ns); /* first in, first out */
		sum += (double)row->e2el_ns / 1e9;
	}
	assert_true(fabs(r->m.slots_mean - sum / r->m.duration_s) < 1e-9);
}

static void figures_add_up(const struct load_result *r, size_t n, uint32_t isl, uint32_t osl)
{
	const struct ev_load_measured *m = &r->m;
	int64_t in = (int64_t)(n * isl), out = (int64_t)(n * osl);
	assert_int_equal(m->completed, n);
	assert_int_equal(m->failed, 0);
	assert_int_equal(m->total_input, in);
	assert_int_equal(m->total_output, out);
	assert_int_equal(m->prompt_tokens_server, in);
	assert_int_equal(m->itl_samples, n * (osl - 1));
	assert_true(fabs(m->request_throughput * m->duration_s - (double)n) < 1e-6);
	assert_true(fabs(m->output_throughput * m->duration_s - (double)out) < 1e-6);
	assert_true(fabs(m->total_token_throughput * m->duration_s - (double)(in + out)) < 1e-6);
	assert_true(fabs(m->tput_per_gpu * 8 - m->total_token_throughput) < 1e-6);
	assert_true(fabs(m->interactivity * m->tpot_median - 1000) < 1e-6);
	/* ttft + sum(itl) = e2el, summed over all requests */
	double left = m->ttft_mean * (double)n + m->itl_mean * (double)m->itl_samples, right = m->e2el_mean * (double)n;
	assert_true(fabs(left - right) < right * 1e-9);
	assert_true(m->cpu_share > 0 && m->late_p99_ms >= m->late_p50_ms);
}

static void paced(int conc, int n, int isl, int osl)
{
	const struct peer_config cfg = {
	        .mode = PEER_PACED, .ttft_ns = 20 * MS, .itl_ns = 5 * MS, .jitter_ns = 5 * MS, .seed = (uint64_t)conc};
	const struct peer_request *q;
	struct bench b;
	bench_open(&b, &cfg, conc, n, isl, osl);
	bench_run(&b);
	peer_stop(b.peer);
	size_t received = peer_requests(b.peer, &q);
	assert_int_equal(received, n);
	assert_int_equal(peer_connections(b.peer), n);
	assert_true(b.r.in_flight_max <= conc); /* that it gets there: test_load_stop.c, where nothing can end early */
	assert_true(peer_in_flight_max(b.peer) <= conc);
	record_is_clean(&b, q, received, conc, (uint32_t)osl);
	rows_are_whole(&b.r, (size_t)n, (uint32_t)isl, (uint32_t)osl);
	figures_add_up(&b.r, (size_t)n, (uint32_t)isl, (uint32_t)osl);
	medians_agree(&b.r.m, q, received, (uint32_t)osl);
	bench_close(&b);
}

static void four_at_a_time(void **state)
{
	(void)state;
	paced(4, 22, 16, 20);
}

static void sixteen_at_a_time(void **state)
{
	(void)state;
	paced(16, 50, 100, 24);
}

static void sixtyfour_at_a_time(void **state)
{
	(void)state;
	paced(64, 200, 8, 30);
}

/* Fewer requests than slots; the peer sees them all at once. */
static void fewer_than_slots(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_PACED, .ttft_ns = 700 * MS}, 16, 5, 4, 2);
	bench_run(&b);
	assert_int_equal(b.r.m.completed, 5);
	assert_int_equal(b.r.in_flight_max, 5);
	assert_true(isnan(b.r.m.gap_p50_ms)); /* nothing was refilled */
	bench_close(&b);
}

/* One at a time the order of arrival is the order of the requests, and a slot is free only when the body has ended. */
static void order_of_requests(void **state)
{
	(void)state;
	const struct peer_request *q;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 1, 40, 7, 3);
	bench_run(&b);
	peer_stop(b.peer);
	assert_int_equal(peer_requests(b.peer, &q), 40);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(q[i].prompt_first_id, first_id(b.prompts, i));
	assert_int_equal(peer_in_flight_max(b.peer), 1);
	bench_close(&b);
}

/* One token: no TPOT, no ITL, all else there. */
static void single_tokens(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 4, 12, 4, 1);
	bench_run(&b);
	const struct ev_load_measured *m = &b.r.m;
	assert_int_equal(m->completed, 12);
	assert_int_equal(m->itl_samples, 0);
	assert_true(m->tpot_mean == 0 && m->tpot_median == 0 && m->itl_p99 == 0 && m->interactivity == 0);
	assert_true(m->ttft_median > 0 && m->e2el_median == m->ttft_median);
	bench_close(&b);
}

/* Many events a read: none is lost, they are reported. */
static void bundled_reads(void **state)
{
	(void)state;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY, .events_per_send = 64}, 8, 64, 4, 512);
	bench_run(&b);
	assert_int_equal(b.r.m.completed, 64);
	assert_int_equal(b.r.m.itl_samples, 64 * 511);
	assert_true(b.r.m.bundled_events > 64 * 256);
	bench_close(&b);
}

static void request_text(void **state)
{
	(void)state;
	const struct peer_request *q;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY, .keep_raw = true}, 1, 1, 3, 2);
	b.spec.model = "a \"quoted\" \xc3\xa4 model";
	b.spec.bearer = "secret";
	bench_run(&b);
	peer_stop(b.peer);
	assert_int_equal(peer_requests(b.peer, &q), 1);
	char *raw = calloc(1, q[0].raw_len + 1);
	char want[512];
	assert_non_null(raw);
	memcpy(raw, q[0].raw, q[0].raw_len);
	int64_t id = first_id(b.prompts, 0);
	snprintf(want, sizeof want,
	        "\r\n\r\n{\"model\":\"a \\\"quoted\\\" \\u00e4 model\",\"prompt\":[%" PRId64 ",%" PRId64 ",%" PRId64
	        "],\"temperature\":0.0,\"best_of\":1,\"max_tokens\":2,\"logprobs\":null,\"stream\":true,"
	        "\"stream_options\":{\"include_usage\":true},\"ignore_eos\":true}",
	        id, (id + 1) % 1000, (id + 2) % 1000);
	if (!strstr(raw, want))
		fail_msg("body of %s is not %s", raw, want);
	assert_true(strncmp(raw, "POST /v1/completions HTTP/1.1\r\n", 31) == 0);
	assert_non_null(strstr(raw, "\r\nAuthorization: Bearer secret\r\n"));
	assert_non_null(strstr(raw, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(raw, "\r\nAccept: */*\r\n"));
	assert_non_null(strstr(raw, "\r\nUser-Agent: benchtop/"));
	assert_null(strstr(raw, "Expect"));
	free(raw);
	bench_close(&b);
}

/* A body larger than libcurl likes to send in one go: no Expect, and the whole of it arrives. */
static void large_bodies(void **state)
{
	(void)state;
	const struct peer_request *q;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 3, 9, 400000, 2);
	bench_run(&b);
	peer_stop(b.peer);
	assert_int_equal(peer_requests(b.peer, &q), 9);
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(q[i].prompt_tokens, 400000);
		assert_false(q[i].saw_expect_header);
	}
	assert_int_equal(b.r.m.prompt_tokens_server, 9 * 400000);
	bench_close(&b);
}

static void hosts_by_name(void **state)
{
	(void)state;
	static const char *const hosts[] = {"localhost", "0.0.0.0"};
	for (size_t i = 0; i < 2; i++) {
		struct bench b;
		char url[64];
		bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 2, 4, 3, 2);
		snprintf(url, sizeof url, "http://%s:%d/", hosts[i], peer_port(b.peer));
		b.spec.base_url = url;
		setenv("http_proxy", "http://127.0.0.1:1", 1); /* must not be asked */
		bench_run(&b);
		unsetenv("http_proxy");
		assert_int_equal(b.r.m.completed, 4);
		bench_close(&b);
	}
}

struct live {
	int n, samples, warm, with_figures;
	bool bad;
	struct ev_load_progress last;
};

static void live_take(void *ctx, const struct ev_load_progress *p)
{
	struct live *l = ctx;
	l->n++;
	l->samples += p->sample;
	l->warm += p->warmup;
	bool figures = !isnan(p->tput_per_gpu);
	l->with_figures += figures;
	l->bad |= figures != (!p->warmup && p->done >= 8) || figures != !isnan(p->ttft_median) ||
	          figures != !isnan(p->itl_p99);
	l->bad |= p->in_flight > 8 || p->done > p->total || p->elapsed_s <= 0 || !(p->output_tps >= 0);
	l->bad |= !(p->slots_mean > 0 && p->slots_mean <= 8.001);
	l->last = *p;
}

static void progress_follows(void **state)
{
	(void)state;
	struct live l = {0};
	struct bench b;
	bench_open(&b,
	        &(struct peer_config){.mode = PEER_PACED, .ttft_ns = 50 * MS, .itl_ns = 20 * MS, .jitter_ns = 300 * MS},
	        8, 32, 4, 20);
	b.spec.progress = live_take;
	b.spec.ctx = &l;
	b.spec.num_warmups = 9;
	bench_run(&b);
	assert_false(l.bad);
	assert_true(l.warm > 0 && l.warm < l.n);
	assert_true(l.with_figures > 0 && l.samples > 0 && l.samples <= l.n / 2);
	assert_int_equal(l.last.total, 32);
	assert_true(l.last.eta_s >= 0);
	assert_true(l.last.tpot_median > 0 && l.last.itl_median > 0 && l.last.e2el_p99 >= l.last.e2el_median);
	bench_close(&b);
}

/* Warm-ups are request 0 again and again, outside of every figure. */
static void warmups(void **state)
{
	(void)state;
	const struct peer_request *q;
	struct bench b;
	bench_open(&b, &(struct peer_config){.mode = PEER_NODELAY}, 3, 5, 4, 3);
	b.spec.num_warmups = 7;
	bench_run(&b);
	peer_stop(b.peer);
	assert_int_equal(peer_requests(b.peer, &q), 12);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(q[i].prompt_first_id, first_id(b.prompts, 0));
	assert_int_equal(b.r.m.completed, 5);
	assert_int_equal(b.r.m.itl_samples, 10);
	assert_int_equal(b.r.m.total_output, 15);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(four_at_a_time),
	        cmocka_unit_test(sixteen_at_a_time),
	        cmocka_unit_test(sixtyfour_at_a_time),
	        cmocka_unit_test(fewer_than_slots),
	        cmocka_unit_test(order_of_requests),
	        cmocka_unit_test(single_tokens),
	        cmocka_unit_test(bundled_reads),
	        cmocka_unit_test(request_text),
	        cmocka_unit_test(large_bodies),
	        cmocka_unit_test(hosts_by_name),
	        cmocka_unit_test(progress_follows),
	        cmocka_unit_test(warmups),
	};
	return cmocka_run_group_tests_name("load_paced", tests, group_setup, group_teardown);
}
