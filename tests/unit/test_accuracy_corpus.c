/* The accuracy text: checksums, rows, cutting, search order, download; the real text when it is at hand. */
#include "../../engine/accuracy/corpus.h"
#include "../../engine/accuracy/rows.h"
#include "../../engine/base/file.h"
#include "../peer/peer.h"
#include "../sim/simtext.h"
#include "test_server_sim.h"

static struct sim_process sim;
static char dir[64];

/* Rows: empty, heading, empty, text with a two-byte character. Joined: "" + "\n\n" + row + ... */
static const char raw_text[] = " \n = One = \n \n caf\xc3\xa9 au lait .\n";
static const char joined_text[] = "\n\n = One = \n\n\n\n\n caf\xc3\xa9 au lait .\n";

static struct track small_track(void)
{
	struct track t = {.name = "small", .corpus_file = "small.raw", .rows_dataset = "nobody/small", .n_chunks = 2};
	t.corpus_bytes = (int64_t)strlen(raw_text);
	t.joined_bytes = (int64_t)strlen(joined_text);
	sha256_hex(raw_text, strlen(raw_text), t.corpus_sha256);
	sha256_hex(joined_text, strlen(joined_text), t.joined_sha256);
	t.chunks[0] = (struct track_chunk){0, 16, 5};
	t.chunks[1] = (struct track_chunk){1, (uint16_t)(strlen(joined_text) - 17), 6};
	return t;
}

static struct track demo_track(void)
{
	struct track t = {.name = "demo",
	        .corpus_file = "demo.raw",
	        .rows_dataset = "benchtop/demo text",
	        .rows_config = "c",
	        .rows_total = (int)sim_demo_row_count(),
	        .n_chunks = SIM_DEMO_CHUNKS};
	struct sim_demo_chunk cut[SIM_DEMO_CHUNKS];
	size_t len, joined_len;
	char *raw = sim_demo_raw(&len), *joined = sim_demo_joined(&joined_len);
	assert_non_null(raw);
	assert_non_null(joined);
	sim_demo_chunks(joined, joined_len, cut);
	for (int i = 0; i < SIM_DEMO_CHUNKS; i++)
		t.chunks[i] =
		        (struct track_chunk){(uint16_t)cut[i].gap, (uint16_t)cut[i].bytes, (uint16_t)cut[i].words};
	t.corpus_bytes = (int64_t)len;
	t.joined_bytes = (int64_t)joined_len;
	sha256_hex(raw, len, t.corpus_sha256);
	sha256_hex(joined, joined_len, t.joined_sha256);
	free(raw);
	free(joined);
	return t;
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/benchtop-corpus-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	static const char *const files[] = {
	        "small.raw", "demo.raw", "cache/benchtop/small.raw", "cache/benchtop/demo.raw"};
	static const char *const dirs[] = {"cache/benchtop", "cache"};
	char path[200];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, dirs[i]);
		rmdir(path);
	}
	rmdir(dir);
	sim_stop(&sim);
	return 0;
}

/* ---- sha256 ---- */

static void sha256_known(void **state)
{
	(void)state;
	char hex[65];
	sha256_hex("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	sha256_hex(two, 56, hex);
	assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	char *million = malloc(1000000);
	assert_non_null(million);
	memset(million, 'a', 1000000);
	sha256_hex(million, 1000000, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

/* ---- from bytes ---- */

static void joined_and_cut(void **state)
{
	(void)state;
	struct track t = small_track();
	struct corpus c;
	struct err e = {0};
	if (corpus_from_raw(&c, &t, raw_text, strlen(raw_text), &e))
		fail_msg("%s", e.text);
	assert_int_equal(c.joined_len, strlen(joined_text));
	assert_memory_equal(c.joined, joined_text, c.joined_len);
	assert_int_equal(c.n_chunks, 2);
	assert_ptr_equal(c.chunks[0].text, c.joined);
	assert_int_equal(c.chunks[0].len, 16);
	assert_int_equal(c.chunks[0].words, 5);
	assert_ptr_equal(c.chunks[1].text, c.joined + 17);
	assert_int_equal(c.chunks[1].len, strlen(joined_text) - 17);
	corpus_free(&c);
	assert_null(c.joined);
}

static void refused(const struct track *t, const char *raw, size_t len, const char *why)
{
	struct corpus c;
	struct err e = {0};
	assert_true(corpus_from_raw(&c, t, raw, len, &e) < 0);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	assert_null(c.joined);
	assert_true(corpus_from_raw(&c, t, raw, len, NULL) < 0);
}

static void spoilt(void **state)
{
	(void)state;
	struct track t = small_track();
	size_t len = strlen(raw_text);
	char *copy = strdup(raw_text);
	assert_non_null(copy);
	copy[7] ^= 1;
	refused(&t, copy, len, "sha256");
	free(copy);
	refused(&t, " \r\n = One = \r\n \r\n caf\xc3\xa9 au lait .\r\n", len + 4, "it has CRLF line ends");
	refused(&t, " = One = \n caf\xc3\xa9 au lait .\n", len - 4, "its blank lines are missing");
	refused(&t, raw_text, len - 1, "the track expects 31");
	refused(&t, "", 0, "has 0 bytes");
	/* the same number of rows and bytes, but other blanks: only the first checksum sees it */
	refused(&t, " \n = One = \n\t\n caf\xc3\xa9 au lait .\n", len, "or let benchtop download it");
	/* without a checksum of the raw text the joined one decides */
	t.corpus_bytes = 0;
	t.corpus_sha256[0] = '\0';
	refused(&t, " \n = Two = \n \n caf\xc3\xa9 au lait .\n", len, "joined rows");
	refused(&t, raw_text, len - 2, "join to");
}

static void table_that_does_not_fit(void **state)
{
	(void)state;
	struct track t = small_track();
	size_t len = strlen(raw_text);
	t.chunks[1].bytes--;
	refused(&t, raw_text, len, "table ends at byte");
	t.chunks[1].bytes += 2;
	refused(&t, raw_text, len, "goes beyond the corpus");
	t = small_track();
	/* byte 21 is the second one of the e acute */
	size_t accent = (size_t)(strchr(joined_text, '\xa9') - joined_text);
	t.chunks[0] = (struct track_chunk){0, (uint16_t)accent, 1};
	t.chunks[1] = (struct track_chunk){0, (uint16_t)(strlen(joined_text) - accent), 1};
	refused(&t, raw_text, len, "inside a character");
	t.chunks[0].bytes--;
	t.chunks[1] = (struct track_chunk){1, (uint16_t)(strlen(joined_text) - accent), 1};
	refused(&t, raw_text, len, "chunk 2 of 2");
	t.n_chunks = 0;
	refused(&t, raw_text, len, "no table of chunks");
}

static void real_text(void **state)
{
	(void)state;
	const char *path = "../shared/data/wiki.test.raw";
	struct track *t = malloc(sizeof *t);
	struct corpus c;
	struct err e = {0};
	assert_non_null(t);
	if (track_load(t, "dsr1-fp4-sglang-mi355x", &e))
		fail_msg("%s", e.text);
	assert_string_equal(t->corpus_file, "wiki.test.raw");
	if (!file_exists(path)) {
		free(t);
		print_message("skipped: no %s\n", path);
		return;
	}
	if (corpus_load(&c, t, path, NULL, NULL, NULL, &e))
		fail_msg("%s", e.text);
	size_t bytes = 0, words = 0;
	for (int i = 0; i < c.n_chunks; i++) {
		bytes += c.chunks[i].len;
		words += (size_t)c.chunks[i].words;
	}
	assert_int_equal(c.n_chunks, 167);
	assert_int_equal(bytes, 1296248);
	assert_int_equal(words, 341663);
	assert_memory_equal(c.chunks[0].text, "\n\n = Robert Boulter = \n", 23);
	assert_int_equal(c.chunks[166].words, 1667);
	assert_string_equal(c.source, path);
	corpus_free(&c);
	free(t);
}

/* ---- where it is found ---- */

static void write_file(const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), 0);
}

static void search_order(void **state)
{
	(void)state;
	struct track t = small_track();
	struct corpus c;
	struct err e = {0};
	char path[300], cache[200];
	const char *nowhere = "http://127.0.0.1:9"; /* a port that nothing uses */
	snprintf(cache, sizeof cache, "%s/cache", dir);
	setenv("XDG_CACHE_HOME", cache, 1);
	/* a named file is the only one that counts */
	write_file("small.raw", raw_text);
	snprintf(path, sizeof path, "%s/missing.raw", dir);
	assert_true(corpus_load(&c, &t, path, dir, nowhere, NULL, &e) < 0);
	assert_non_null(strstr(e.text, "missing.raw"));
	/* the results directory, then the cache */
	assert_int_equal(corpus_load(&c, &t, NULL, dir, nowhere, NULL, &e), 0);
	snprintf(path, sizeof path, "%s/small.raw", dir);
	assert_string_equal(c.source, path);
	corpus_free(&c);
	snprintf(path, sizeof path, "%s/benchtop", cache);
	assert_int_equal(file_mkdirs(path, &e), 0);
	write_file("cache/benchtop/small.raw", raw_text);
	write_file("small.raw", "spoilt\n");
	assert_int_equal(corpus_load(&c, &t, "", dir, nowhere, NULL, &e), 0);
	assert_non_null(strstr(c.source, "cache/benchtop/small.raw"));
	corpus_free(&c);
}

static void download(void **state)
{
	(void)state;
	struct track t = demo_track();
	struct corpus c;
	struct err e = {0};
	char cache[200], saved[300];
	snprintf(cache, sizeof cache, "%s/cache", dir);
	snprintf(saved, sizeof saved, "%s/benchtop/demo.raw", cache);
	setenv("XDG_CACHE_HOME", cache, 1);
	sim_start(&sim, (const char *[]){NULL});
	if (corpus_load(&c, &t, NULL, dir, sim.url, NULL, &e))
		fail_msg("%s", e.text);
	assert_int_equal(c.n_chunks, SIM_DEMO_CHUNKS);
	assert_non_null(strstr(c.source, sim.url));
	corpus_free(&c);
	assert_true(file_exists(saved));
	/* a cache that was spoilt is replaced */
	assert_int_equal(file_write_atomic(saved, "x", 1, NULL), 0);
	assert_int_equal(corpus_load(&c, &t, NULL, NULL, sim.url, NULL, &e), 0);
	assert_non_null(strstr(c.source, sim.url));
	corpus_free(&c);
	/* another text than the track's is refused, and not saved */
	struct track other = t;
	other.corpus_sha256[0] = other.corpus_sha256[0] == '0' ? '1' : '0';
	unlink(saved);
	assert_int_equal(corpus_load(&c, &other, NULL, NULL, sim.url, NULL, &e), ERR_PROTO);
	assert_non_null(strstr(e.text, "sha256"));
	assert_false(file_exists(saved));
	other = t;
	other.rows_total++;
	assert_int_equal(corpus_load(&c, &other, NULL, NULL, sim.url, NULL, &e), ERR_PROTO);
	assert_non_null(strstr(e.text, "rows"));
	sim_stop(&sim);
	/* a cache that cannot be written is no error; from there on it is the cache that answers */
	struct cancel stop;
	assert_int_equal(cancel_open(&stop, NULL), 0);
	cancel_raise(&stop, CANCEL_DRAIN);
	assert_int_equal(corpus_load(&c, &t, NULL, NULL, "http://127.0.0.1:9", &stop, &e), ERR_CANCELLED);
	cancel_close(&stop);
}

/* ---- rows ---- */

static void page(const char *json, int first, const char *want, const char *why)
{
	struct buf raw;
	struct err e = {0};
	int rows;
	int64_t total;
	buf_init(&raw, 4096);
	int rc = rows_page_parse(json, strlen(json), first, &raw, &rows, &total, &e);
	if (want) {
		assert_int_equal(rc, 0);
		assert_string_equal(buf_text(&raw), want);
	} else {
		assert_int_equal(rc, ERR_PROTO);
		if (!strstr(e.text, why))
			fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	}
	buf_free(&raw);
}

#define ROW(n, text) "{\"row_idx\":" n ",\"row\":{\"text\":" text "},\"truncated_cells\":[]}"

static void pages(void **state)
{
	(void)state;
	page("{\"rows\":[" ROW("0", "\"\"") "," ROW("1", "\" = A = \\n\"") "],\"num_rows_total\":2}", 0, " \n = A = \n",
	        "");
	page("{\"rows\":[" ROW("1", "\"\"") "]}", 0, NULL, "row 1 came where row 0");
	page("{\"rows\":[" ROW("0", "null") "]}", 0, NULL, "no \"text\"");
	page("{\"rows\":[{\"row_idx\":5,\"row\":{\"text\":\"a\"},\"truncated_cells\":[\"text\"]}]}", 5, NULL,
	        "cut short");
	page("{\"error\":\"no\"}", 0, NULL, "no \"rows\"");
	page("<html>", 0, NULL, "JSON");
}

/* 503 with Retry-After, then 429 with one that is longer than anyone waits. */
static void busy_dataset(void **state)
{
	(void)state;
	static const char busy[] = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
	static const char good[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
	                           "{\"rows\":[" ROW("0", "\"\"") "],\"num_rows_total\":1}";
	static const char never[] = "HTTP/1.1 429 Too Many\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
	const char *texts[] = {busy, busy, good, never};
	struct peer_script scripts[4];
	const struct peer_script *list[4];
	for (int i = 0; i < 4; i++) {
		struct peer_block block = {texts[i], strlen(texts[i]), 0};
		assert_int_equal(peer_script_raw(&scripts[i], &block, 1), 0);
		list[i] = &scripts[i];
	}
	struct peer_config cfg = {.mode = PEER_SCRIPTED, .scripts = list, .n_scripts = 4};
	struct peer *p;
	assert_int_equal(peer_start(&p, &cfg), 0);
	char base[64];
	snprintf(base, sizeof base, "http://127.0.0.1:%d/", peer_port(p));
	struct track t = {.corpus_file = "x.raw", .rows_dataset = "d", .rows_config = "c", .rows_total = 1};
	struct buf raw;
	struct err e = {0};
	buf_init(&raw, 4096);
	if (rows_fetch(&t, base, NULL, &raw, &e))
		fail_msg("%s", e.text);
	assert_string_equal(buf_text(&raw), " \n");
	assert_int_equal(rows_fetch(&t, base, NULL, &raw, &e), ERR_NET);
	assert_non_null(strstr(e.text, "HTTP 429"));
	assert_int_equal(peer_received(p), 4);
	peer_free(p);
	for (int i = 0; i < 4; i++)
		peer_script_free(&scripts[i]);
	buf_free(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sha256_known),
	        cmocka_unit_test(joined_and_cut),
	        cmocka_unit_test(spoilt),
	        cmocka_unit_test(table_that_does_not_fit),
	        cmocka_unit_test(real_text),
	        cmocka_unit_test_setup_teardown(search_order, make_dir, drop_dir),
	        cmocka_unit_test_setup_teardown(download, make_dir, drop_dir),
	        cmocka_unit_test(pages),
	        cmocka_unit_test(busy_dataset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
