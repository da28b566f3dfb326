/* Any text as a result file, a manifest, a summary and an index: refused with a sentence, or everything in it is within its
 * bounds; an index that says it was written by us comes back as it was written. */
#include "../../engine/base/text.h"
#include "../../engine/shelf/shelf_int.h"
#include "fuzz.h"
#include <math.h>

static void check_string(const char *s, size_t cap)
{
	char clean[SHELF_ARGS + 1];
	CHECK(memchr(s, '\0', cap) && cap <= sizeof clean);
	text_copy(clean, sizeof clean, s);
	CHECK(strcmp(clean, s) == 0);
}

static void check_error(int rc, const struct err *e)
{
	CHECK((rc == ERR_PROTO || rc == ERR_LIMIT) && e->code == rc && e->text[0]);
	CHECK(utf8_valid(e->text, strlen(e->text)));
}

static void as_result(const char *text, size_t len)
{
	static struct shelf_result r;
	struct err e = {0};
	memset(&r, 0x5a, sizeof r);
	int rc = shelf_result_parse(&r, text, len, &e);
	if (rc) {
		check_error(rc, &e);
		return;
	}
	const struct ev_cell_planned *p = &r.plan;
	CHECK(p->isl >= 1 && p->osl >= 1 && p->conc >= 1 && p->repeat >= 1 && p->num_prompts >= 0);
	CHECK(p->isl <= SHELF_COUNT_MAX && p->osl <= SHELF_COUNT_MAX && p->conc <= SHELF_COUNT_MAX);
	for (const struct shelf_figure *f = shelf_figures; f->key; f++)
		CHECK(!isinf(shelf_figure(&r.load, f)));
	CHECK(r.load.completed >= -1 && r.load.total_output >= -1 && r.load.total_input >= -1 && r.load.failed >= -1);
	CHECK(r.n_flags >= 0 && r.n_flags <= BOARD_FLAGS);
	for (int i = 0; i < r.n_flags; i++) {
		CHECK(r.flags[i].flag >= 0 && r.flags[i].flag < flag_code_count);
		check_string(r.flags[i].text, sizeof r.flags[i].text);
	}
	check_string(r.model, sizeof r.model);
	check_string(r.base_url, sizeof r.base_url);
	check_string(r.track, sizeof r.track);
	check_string(r.gate.text, sizeof r.gate.text);
	CHECK(!r.have_gate || r.have_accuracy);
}

static void as_manifest(const char *text, size_t len)
{
	static struct shelf_manifest m;
	struct shelf_manifest_run run;
	struct err e = {0};
	int rc = shelf_manifest_parse(&m, &run, text, len, &e);
	CHECK(m.have == (rc == 0));
	if (rc)
		check_error(rc, &e);
	CHECK(m.n_trees >= 0 && m.n_trees <= SHELF_TREES && m.tp >= 0 && m.prefill >= 0 && m.num_warmups >= -1);
	CHECK(m.radix_off >= -1 && m.radix_off <= 1 && !isinf(m.server_started_s) && !isinf(m.ratio));
	CHECK(run.wall_ns >= 0 && run.mode >= 0 && run.mode < run_mode_count);
	check_string(m.server_args, sizeof m.server_args);
	check_string(m.command_line, sizeof m.command_line);
	check_string(m.team, sizeof m.team);
	for (int i = 0; i < m.n_trees; i++) {
		CHECK(m.tree[i].dirty >= 0 && m.tree[i].dirty < code_dirty_count);
		check_string(m.tree[i].commit, sizeof m.tree[i].commit);
	}
}

static void as_summary(const char *text, size_t len)
{
	static struct shelf_summary s;
	shelf_summary_parse(&s, text, len);
	CHECK(s.n >= 0 && s.n <= (int)(sizeof s.row / sizeof s.row[0]) && s.mode >= 0 && s.mode < run_mode_count);
	for (int i = 0; i < s.n; i++)
		CHECK(s.row[i].conc >= 1 && s.row[i].repeat >= 1 && !isinf(s.row[i].duration_s));
}

static struct shelf_index index_of(const char *text, size_t len)
{
	struct shelf_index x = {.memory = must(shelf_memory_new())};
	buf_init(&x.text, SHELF_INDEX_MAX);
	CHECK(buf_add(&x.text, text, len) == 0);
	shelf_index_parse(&x);
	return x;
}

static void index_done(struct shelf_index *x)
{
	struct shelf_memory *memory = x->memory;
	shelf_index_free(x);
	shelf_memory_free(memory);
}

static void check_kept(const struct shelf_kept *k)
{
	CHECK(k->key && k->n_files > 0 && k->n_files <= SHELF_FILES);
	CHECK(k->entry.n_points >= 0 && k->entry.n_points <= BOARD_CELLS);
	CHECK(k->entry.kind <= SHELF_UNREADABLE && k->entry.mode < run_mode_count);
	for (int i = 0; i < k->entry.n_points; i++)
		CHECK(k->entry.points[i].status < cell_status_count && !isinf(k->entry.points[i].tput_per_gpu));
	check_string(k->entry.team, sizeof k->entry.team);
	check_string(k->entry.note, sizeof k->entry.note);
}

/* The lines as they are hardly ever have the right sum: what is behind it is also tried with the sum made to fit. */
static void as_index(const char *text, size_t len)
{
	struct shelf_index x = index_of(text, len);
	for (int i = 0; i < x.n; i++) {
		check_kept(&x.kept[i]);
		CHECK(shelf_index_find(&x, x.kept[i].key));
	}
	index_done(&x);
	char *summed = must(malloc(len + 64));
	size_t n = shelf_index_sum_line(text, len, summed, len + 64);
	x = index_of(summed, n);
	for (int i = 0; i < x.n; i++) {
		struct buf again;
		check_kept(&x.kept[i]);
		buf_init(&again, SHELF_INDEX_MAX);
		if (shelf_index_line(&x.kept[i], &again) == 0) {
			struct shelf_index y = index_of(again.data, again.len);
			CHECK(y.n == 1 && !y.broken && strcmp(y.kept[0].key, x.kept[i].key) == 0);
			CHECK(y.kept[0].n_files == x.kept[i].n_files);
			CHECK(x.kept[i].other || y.kept[0].entry.n_points == x.kept[i].entry.n_points);
			index_done(&y);
		}
		buf_free(&again);
	}
	index_done(&x);
	free(summed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = exact_copy(data, size);
	as_result(text, size);
	as_manifest(text, size);
	as_summary(text, size);
	as_index(text, size);
	(void)shelf_result_like(text, size);
	free(text);
	return 0;
}
