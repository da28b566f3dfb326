/* The client against stamped streams: what is counted is what was sent, and nothing is read before it was. */
#include "../../engine/base/clock.h"
#include "../../engine/doctor/client.h"
#include "../../engine/doctor/stamped.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static void every_token_is_counted_and_none_comes_early(void **state)
{
	(void)state;
	struct client_row r;
	struct err e = {0};
	if (client_measure(4, NULL, &r, &e))
		fail_msg("%s", e.text);
	assert_int_equal(r.conc, 4);
	assert_int_equal(r.requests, 12);
	assert_int_equal(r.failed, 0);
	assert_int_equal(r.tokens, 12 * CLIENT_TOKENS);
	assert_true(r.late_p50 > 0 && r.late_p50 <= r.late_p99);
	assert_true(r.ttft_p50 > 0 && r.ttft_p50 <= r.ttft_p99);
	assert_true(r.tpot_error >= 0);
	assert_true(r.gap_p50 >= 0 && r.gap_p50 <= r.gap_p99);
	assert_true(r.cpu_share > 0);
}

static void the_concs_are_the_tracks_lowest_middle_and_highest(void **state)
{
	(void)state;
	static struct track t;
	struct err e = {0};
	int concs[CLIENT_CONCS];
	assert_int_equal(track_load(&t, "dsr1-fp4-sglang-mi355x", &e), 0);
	assert_int_equal(client_concs(&t, concs), 3);
	assert_int_equal(concs[0], 4);
	assert_int_equal(concs[1], 16);
	assert_int_equal(concs[2], 64);
	for (int i = 0; i < t.n_pairs; i++) {
		t.pairs[i].n_concs = 2;
		t.pairs[i].concs[0] = 4096;
		t.pairs[i].concs[1] = 8;
	}
	assert_int_equal(client_concs(&t, concs), 2);
	assert_int_equal(concs[0], 8);
	assert_int_equal(concs[1], 256);
}

static void a_bound_is_the_next_of_one_two_five(void **state)
{
	(void)state;
	assert_true(client_bound(0) == 0.001);
	assert_true(fabs(client_bound(0.04) - 0.05) < 1e-9);
	assert_true(fabs(client_bound(0.05) - 0.1) < 1e-9);
	assert_true(fabs(client_bound(3.2) - 5) < 1e-9);
	assert_true(isnan(client_bound((double)NAN)));
}

static void stamps_are_read_or_refused(void **state)
{
	(void)state;
	static const char good[] = "{\"choices\":[],\"read_ns\":12,\"sent_ns\":345}";
	int64_t read_ns, sent_ns;
	assert_true(stamped_read(good, sizeof good - 1, &read_ns, &sent_ns));
	assert_int_equal(read_ns, 12);
	assert_int_equal(sent_ns, 345);
	assert_false(stamped_read(good, 20, &read_ns, &sent_ns));
	assert_false(stamped_read("", 0, &read_ns, &sent_ns));
	assert_false(stamped_read("\"read_ns\":x,\"sent_ns\":", 22, &read_ns, &sent_ns));
}

static int dial(int port)
{
	struct sockaddr_in at = {
	        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* Everything until the end of the stream, ended by a NUL. */
static size_t read_all(int fd, char *out, size_t cap)
{
	size_t n = 0;
	ssize_t got;
	while (n < cap - 1 && (got = recv(fd, out + n, cap - 1 - n, 0)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(fd);
	return n;
}

static void requests_in_pieces_and_bad_ones(void **state)
{
	(void)state;
	const struct stamped_spec spec = {.ttft_ns = 1000000, .itl_ns = 100000, .tokens = 3};
	static const char request[] = "POST /v1/completions HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
	struct stamped *s;
	struct err e = {0};
	char text[4096];
	assert_int_equal(stamped_start(&s, &spec, &e), 0);

	int bad = dial(stamped_port(s)); /* no length: closed without an answer */
	assert_true(send(bad, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
	assert_int_equal(read_all(bad, text, sizeof text), 0);
	int gone = dial(stamped_port(s)); /* leaves in the middle */
	assert_true(send(gone, request, 30, MSG_NOSIGNAL) == 30);
	close(gone);

	int fd = dial(stamped_port(s));
	int64_t before = clock_mono_ns(), read_ns, sent_ns;
	for (size_t i = 0; i < sizeof request - 1; i++)
		assert_true(send(fd, request + i, 1, MSG_NOSIGNAL) == 1);
	read_all(fd, text, sizeof text);
	int64_t after = clock_mono_ns();
	int tokens = 0;
	for (const char *at = text; (at = strstr(at, "\"text\":")); at++)
		tokens++;
	assert_int_equal(tokens, 3);
	assert_non_null(strstr(text, "\"completion_tokens\":3"));
	assert_non_null(strstr(text, "[DONE]"));
	assert_string_equal(text + strlen(text) - 5, "0\r\n\r\n");
	assert_true(stamped_read(text, strlen(text), &read_ns, &sent_ns));
	assert_true(before < read_ns && read_ns + spec.ttft_ns <= sent_ns && sent_ns < after);
	stamped_stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_token_is_counted_and_none_comes_early),
	        cmocka_unit_test(the_concs_are_the_tracks_lowest_middle_and_highest),
	        cmocka_unit_test(a_bound_is_the_next_of_one_two_five),
	        cmocka_unit_test(stamps_are_read_or_refused),
	        cmocka_unit_test(requests_in_pieces_and_bad_ones),
	};
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	curl_global_cleanup();
	return failed;
}
