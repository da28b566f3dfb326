/* Lines of the server's log, alone and as a file that grows: what is said of them does not depend on how it was read. */
#include "../../engine/base/text.h"
#include "../../engine/log/tail.h"
#include "../../engine/server/loadline.h"
#include "fuzz.h"
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static bool in_range(double v)
{
	return isnan(v) || (v >= 0 && v <= 1e15);
}

static void check_batch(const char *line)
{
	struct batch_line b;
	if (!batch_line_parse(line, &b))
		return;
	CHECK(!isnan(b.running) || !isnan(b.queued));
	CHECK(in_range(b.running) && in_range(b.queued) && in_range(b.usage) && in_range(b.gen_tps));
	CHECK(in_range(b.accept_len) && in_range(b.new_tokens) && in_range(b.cached_tokens));
}

static void check_startup(const char *line, size_t cap)
{
	char *text = must(malloc(cap));
	if (line_startup(line, text, cap))
		CHECK(memchr(text, '\0', cap));
	free(text);
}

static void check_line(const char *line)
{
	int64_t second = -5;
	enum severity s = line_severity(line);
	CHECK((unsigned)s < severity_count);
	CHECK(!line_is_fatal(line) || s == SEV_ERROR);
	check_batch(line);
	check_startup(line, 1);
	check_startup(line, 8);
	check_startup(line, 200);
	if (line_stamp(line, &second))
		CHECK(second >= 0);
	else
		CHECK(second == -5);
}

static void check_load(const char *line, struct dice *dice)
{
	struct load_view v = {0};
	struct ev_server_load out;
	int64_t now = INT64_C(1000000000);
	for (int i = 0; i < 3; i++) {
		load_view_take(&v, line, now, i > 0);
		now += (int64_t)dice_below(dice, 12000) * 1000000;
		load_view_read(&v, now, &out);
		CHECK(in_range(out.running) && in_range(out.queued) && in_range(out.kv) && in_range(out.gen_tps));
	}
}

static void all_lines(const char *path, size_t size, size_t step, struct record *to)
{
	struct tail *t;
	struct err e;
	CHECK(tail_open(&t, path, &e) == 0);
	for (size_t read = 0; read <= size; read += step)
		CHECK(tail_poll(t, step) >= 0);
	CHECK(tail_poll(t, step) == 0);
	CHECK(tail_count(t) >= 0 && tail_count(t) <= TAIL_LINES);
	for (int i = 0; i < tail_count(t); i++) {
		const struct tail_line *l = tail_line(t, i);
		size_t len = strlen(l->text);
		CHECK(len < TAIL_LINE && utf8_valid(l->text, len) && l->severity == line_severity(l->text));
		CHECK(i == 0 || l->number + 1 == tail_line(t, i - 1)->number);
		record_add(to, l->text, len);
	}
	CHECK(!tail_line(t, tail_count(t)));
	CHECK(tail_errors(t) >= 0 && tail_warnings(t) >= 0);
	tail_close(t);
}

/* The lines of a text without a stamp in it, newest first as the tail gives them. */
static void model_lines(const char *data, size_t size, struct record *to)
{
	char(*lines)[TAIL_LINE] = must(calloc(size + 1, sizeof *lines));
	size_t n = 0, from = 0;
	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n' && data[i] != '\r')
			continue;
		bool crlf = data[i] == '\n' && i > 0 && data[i - 1] == '\r' && from == i;
		size_t len = text_clean(lines[n], TAIL_LINE, data + from, i - from);
		n += !crlf && (len > 0 || data[i] == '\n');
		from = i + 1;
	}
	for (size_t i = 0; i < n && i < TAIL_LINES; i++)
		record_add(to, lines[n - 1 - i], strlen(lines[n - 1 - i]));
	free(lines);
}

static void check_tail(const uint8_t *data, size_t size, struct dice *dice)
{
	char path[64];
	struct record whole = {0}, pieces = {0};
	int fd = memfd_create("log", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	all_lines(path, size, (size_t)1 << 20, &whole);
	all_lines(path, size, 1 + dice_below(dice, 40), &pieces);
	CHECK(record_same(&whole, &pieces));
	if (!memchr(data, '[', size)) {
		struct record want = {0};
		model_lines((const char *)data, size, &want);
		CHECK(record_same(&whole, &want));
		free(want.data);
	}
	free(whole.data);
	free(pieces.data);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice dice = dice_of(data, size);
	char *line = string_copy(data, size), *clean = must(malloc(size * 3 + 1));
	check_line(line);
	text_copy(clean, size * 3 + 1, line);
	check_line(clean);
	check_load(line, &dice);
	if (size < 4096 && dice_below(&dice, 2) == 0)
		check_tail(data, size, &dice);
	free(line);
	free(clean);
	return 0;
}
