/* What the tests of a load share: prompts, a peer, and a spec that joins the two. Everything is checked with cmocka. */
#ifndef TEST_LOAD_HELP_H
#define TEST_LOAD_HELP_H
#include "../../engine/base/clock.h"
#include "../../engine/load/load.h"
#include "../peer/shapes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the headers it needs */
#include <cmocka.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>

#define MS INT64_C(1000000)

struct bench {
	struct peer *peer;
	struct prompt_set *prompts;
	char url[64];
	struct load_spec spec;
	struct load_result r;
	struct err e;
};

static inline void bench_open(struct bench *b, const struct peer_config *cfg, int conc, int n, int isl, int osl)
{
	const struct prompt_spec ps = {.n = n, .isl = isl, .osl = osl, .ratio = 1, .vocab = 1000};
	*b = (struct bench){0};
	assert_int_equal(peer_start(&b->peer, cfg), 0);
	assert_int_equal(prompts_make(&b->prompts, &ps, &b->e), 0);
	snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d", peer_port(b->peer));
	b->spec = (struct load_spec){
	        .base_url = b->url,
	        .model = PEER_MODEL,
	        .prompts = b->prompts,
	        .conc = conc,
	        .gpus = 8,
	};
}

static inline void bench_close(struct bench *b)
{
	load_result_free(&b->r);
	prompts_free(b->prompts);
	peer_free(b->peer);
}

static inline void bench_run(struct bench *b)
{
	int rc = load_run(&b->spec, &b->r, &b->e);
	if (rc)
		fail_msg("load_run: %d %s", rc, b->e.text);
}

static inline int group_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;
}

static inline int group_teardown(void **state)
{
	(void)state;
	curl_global_cleanup();
	return 0;
}

#endif
