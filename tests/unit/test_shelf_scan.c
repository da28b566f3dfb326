/* The list: what is a run and what is not, hostile trees, and the index: reused, and made anew when something changed. */
#include "../../engine/base/cancel.h"
#include "shelf_make.h"

#define WALL 1764082800 /* 2025-11-25 15:00:00 UTC */

static void make_dir(const struct place *x, const char *name, char *path, size_t cap)
{
	below(x, name, path, cap);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void every_kind_once(void **state)
{
	struct place *x = *state;
	struct ours batch, single;
	char dir[300];
	ours_whole(x, &batch, WALL + 100, 1.0, true);
	ours_whole(x, &single, WALL + 200, 1.0, false); /* its mine.json lies beside it */
	official_batch(x, "batch_isl1024_osl1024_20251125_150000", dir, sizeof dir);
	write_text(x->dir, "test_153000.json", official_text(x, 1));
	write_text(x->dir, "package.json", "{\"name\": \"x\", \"dependencies\": {}}");
	write_text(x->dir, "notes.txt", official_text(x, 1));
	make_dir(x, "deeper", dir, sizeof dir);
	write_text(dir, "other.json", official_text(x, 2));
	struct shelf *s = scan_of(x->dir);
	assert_int_equal(s->n, 5);
	assert_false(s->cut);
	for (int i = 1; i < s->n; i++)
		assert_true(s->entries[i - 1].wall_ns >= s->entries[i].wall_ns);
	assert_null(entry_named(s, "mine.json"));
	const struct shelf_entry *e = entry_named(s, batch.d.name);
	assert_non_null(e);
	assert_int_equal(e->kind, SHELF_OURS);
	assert_int_equal(e->wall_ns / CLOCK_NS_PER_S, WALL + 100);
	assert_int_equal(e->n_points, 2);
	assert_int_equal(e->passed, 2);
	assert_string_equal(e->team, "Team");
	assert_true(e->points[1].conc == 8 && e->points[1].tput_per_gpu == some_load(1.0, 8).tput_per_gpu);
	assert_true(e->best == e->points[1].tput_ratio || e->best == e->points[0].tput_ratio);
	e = entry_named(s, "batch_isl1024_osl1024_20251125_150000");
	assert_int_equal(e->kind, SHELF_BATCH);
	assert_int_equal(e->wall_ns / CLOCK_NS_PER_S, WALL);
	assert_int_equal(e->passed, 1);
	assert_int_equal(e->failed, 1);
	assert_true(e->best == official_number(x, 0, "tput_per_gpu_ratio_vs_b200_1126"));
	e = entry_named(s, "test_153000.json");
	assert_int_equal(e->kind, SHELF_FILE);
	assert_false(e->mode_known);
	assert_true(e->points[0].tput_per_gpu == official_number(x, 1, "tput_per_gpu"));
	assert_non_null(entry_named(s, "other.json"));
	shelf_free(s);
}

static void a_sweep_is_one_entry(void **state)
{
	struct place *x = *state;
	struct ours o;
	char sweep[300], inner[400], from[600], to[600];
	ours_whole(x, &o, WALL, 1.0, true);
	below(x, "sweep_20251125_150000", sweep, sizeof sweep);
	assert_int_equal(rename(o.d.path, sweep), 0);
	assert_true(path_join(inner, sizeof inner, sweep, "batch_isl1024_osl1024_20251125_150000"));
	assert_int_equal(mkdir(inner, 0755), 0);
	for (int conc = 4; conc <= 8; conc += 4) {
		char name[64];
		snprintf(name, sizeof name, "result_isl1024_osl1024_conc%d.json", conc);
		assert_true(path_join(from, sizeof from, sweep, name) && path_join(to, sizeof to, inner, name));
		assert_int_equal(rename(from, to), 0);
	}
	write_text(inner, "requests_conc8.jsonl", "{\"start\":0.5,\"error\":null}\n");
	struct shelf *s = scan_of(x->dir);
	assert_int_equal(s->n, 1);
	assert_int_equal(s->entries[0].n_points, 2);
	shelf_free(s);
	struct shelf_run *r = open_of(sweep);
	assert_string_equal(path_base(r->result_path[1]), "result_isl1024_osl1024_conc8.json");
	assert_string_equal(path_base(r->requests_path[1]), "requests_conc8.jsonl");
	shelf_close(r);
	r = open_of(inner); /* a pair of it alone: the sweep's manifest */
	assert_true(r->manifest.have);
	assert_string_equal(r->board->run.team, "Team");
	shelf_close(r);
}

static const char *why(const struct shelf *s, const char *name)
{
	const struct shelf_entry *e = entry_named(s, name);
	assert_non_null(e);
	assert_int_equal(e->kind, SHELF_UNREADABLE);
	assert_int_equal(e->n_points, 0);
	assert_true(isnan(e->best));
	return e->note;
}

static void hostile_trees(void **state)
{
	struct place *x = *state;
	struct ours o;
	char dir[300], path[400];
	ours_whole(x, &o, WALL, 1.0, true);
	make_dir(x, "batch_isl1024_osl1024_20251126_150000", dir, sizeof dir); /* empty */
	make_dir(x, "single_20251127_150000", dir, sizeof dir);
	write_text(dir, "run.json", "[]");
	write_text(dir, "events.jsonl", "{\"v\":1,\"seq\":1,\"kind\":\"run_st");
	below(x, "batch_isl1_osl1_20251128_150000", path, sizeof path);
	assert_int_equal(symlink("nowhere", path), 0);
	below(x, "sweep_20251129_150000", path, sizeof path);
	assert_int_equal(symlink("sweep_20251129_150000", path), 0); /* itself */
	below(x, "loop", path, sizeof path);
	assert_int_equal(symlink(".", path), 0);
	below(x, "again", path, sizeof path);
	assert_int_equal(symlink(o.d.name, path), 0); /* the same run once more */
	below(x, "pipe.json", path, sizeof path);
	assert_int_equal(mkfifo(path, 0644), 0);
	write_text(x->dir, "empty.json", "");
	write_text(x->dir, "cut.json", "{\"benchmark_args\": {\"random_input_len\": 1024, \"rand");
	write_text(x->dir, "args.json", "{\"benchmark_args\": {\"max_concurrency\": -4}}");
	write_text(x->dir, "\033[2Jbad.json", "{\"benchmark_args\": 1}");
	make_dir(x, "batch_isl8_osl8_20251130_150000", dir, sizeof dir);
	write_text(dir, "result_isl8_osl8_conc4.json", "{\"half");
	make_dir(x, ".hidden", dir, sizeof dir);
	write_text(dir, "result.json", official_text(x, 0));
	below(x, "result_isl1_osl1_conc1.json", path, sizeof path);
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0 && ftruncate(fd, (off_t)5 << 30) == 0); /* sparse */
	close(fd);

	struct shelf *s = scan_of(x->dir);
	int runs = 0;
	for (int i = 0; i < s->n; i++) {
		char clean[300];
		text_copy(clean, sizeof clean, s->entries[i].note);
		assert_string_equal(clean, s->entries[i].note);
		runs += s->entries[i].kind != SHELF_UNREADABLE;
	}
	assert_int_equal(runs, 1); /* by either of its two names */
	assert_non_null(strstr(why(s, "batch_isl1024_osl1024_20251126_150000"), "no run.json, events.jsonl or result"));
	assert_non_null(strstr(why(s, "single_20251127_150000"), "no journal"));
	assert_non_null(strstr(why(s, "batch_isl1_osl1_20251128_150000"), "leads nowhere"));
	assert_non_null(strstr(why(s, "sweep_20251129_150000"), "leads nowhere"));
	assert_non_null(strstr(why(s, "cut.json"), "not JSON"));
	assert_non_null(strstr(why(s, "args.json"), "random_input_len"));
	assert_non_null(strstr(why(s, "batch_isl8_osl8_20251130_150000"), "not JSON"));
	assert_non_null(strstr(why(s, "result_isl1_osl1_conc1.json"), "more than the"));
	assert_null(entry_named(s, "empty.json"));
	assert_null(entry_named(s, "pipe.json"));
	assert_null(entry_named(s, "result.json"));
	shelf_free(s);
}

static void paths_of_the_user(void **state)
{
	struct place *x = *state;
	struct ours o;
	struct err e = {0};
	struct shelf *s;
	char file[300], none[300], trailing[600];
	ours_whole(x, &o, WALL, 1.0, true);
	write_text(x->dir, "plain.json", "{}");
	write_text(x->dir, "one.json", official_text(x, 0));
	below(x, "plain.json", file, sizeof file);
	snprintf(trailing, sizeof trailing, "%s//", o.d.path);
	const char *const both[] = {file, trailing};
	assert_int_equal(shelf_scan(&s, both, 2, NULL, &e), 0);
	assert_int_equal(s->n, 2);
	assert_non_null(strstr(why(s, "plain.json"), "no benchmark_args")); /* asked for by name: listed */
	assert_string_equal(entry_named(s, o.d.name)->path, o.d.path);
	shelf_free(s);
	char index[700];
	assert_true(path_join(index, sizeof index, o.d.path, ".benchtop"));
	assert_false(file_exists(index)); /* a run is not written to */
	below(x, "none", none, sizeof none);
	const char *const missing = none;
	assert_int_equal(shelf_scan(&s, &missing, 1, NULL, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "none"));
	assert_null(s);
	struct cancel c;
	assert_int_equal(cancel_open(&c, &e), 0);
	cancel_raise(&c, CANCEL_NOW);
	const char *const dir = x->dir;
	assert_int_equal(shelf_scan(&s, &dir, 1, &c, &e), ERR_CANCELLED);
	cancel_close(&c);
}

static void alive_while_its_lock_is_held(void **state)
{
	struct place *x = *state;
	struct ours o;
	ours_begin(x, &o, WALL, true);
	struct shelf *s = scan_of(x->dir);
	assert_true(s->n == 1 && s->entries[0].alive);
	shelf_free(s);
	ours_end(x, &o, false);
	s = scan_of(x->dir);
	assert_true(s->n == 1 && !s->entries[0].alive);
	assert_string_equal(s->entries[0].note, "0 of 2 rows were measured");
	shelf_free(s);
}

/* kill -9 changes no file: what the index keeps of a run must not say "running" when it is not, nor the other way round. */
static void a_killed_run_is_not_running(void **state)
{
	struct place *x = *state;
	struct ours o;
	ours_begin(x, &o, WALL, true);
	age(x);
	struct shelf *s = scan_of(x->dir);
	assert_true(s->n == 1 && s->entries[0].alive);
	assert_string_equal(s->entries[0].note, "running: 0 of 2 rows done");
	shelf_free(s);
	ours_end(x, &o, false);
	age(x);
	for (int i = 0; i < 2; i++) {
		s = scan_of(x->dir);
		assert_true(s->n == 1 && !s->entries[0].alive);
		assert_string_equal(s->entries[0].note, "0 of 2 rows were measured");
		assert_int_equal(s->reused, i); /* and that is kept */
		shelf_free(s);
	}
	char lock[700];
	int fd;
	assert_true(path_join(lock, sizeof lock, o.d.path, "run.lock"));
	assert_int_equal(file_lock(lock, &fd, NULL), 0);
	age(x);
	s = scan_of(x->dir);
	assert_true(s->n == 1 && s->entries[0].alive);
	assert_string_equal(s->entries[0].note, "running: 0 of 2 rows done");
	shelf_free(s);
	close(fd);
}

/* ---- the index ---- */

static void assert_counts(const struct place *x, int reused, int read)
{
	struct shelf *s = scan_of(x->dir);
	assert_int_equal(s->reused, reused);
	assert_int_equal(s->read, read);
	shelf_free(s);
}

static void index_path(const struct place *x, char *path, size_t cap)
{
	below(x, ".benchtop/index.jsonl", path, cap);
}

static bool same_double(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* Everything that an entry says comes back from the index as it was. */
static void assert_same_entry(const struct shelf_entry *a, const struct shelf_entry *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->path, b->path);
	assert_true(a->wall_ns == b->wall_ns && a->alive == b->alive && a->mode_known == b->mode_known &&
	            a->mode == b->mode && a->demo == b->demo);
	assert_string_equal(a->track, b->track);
	assert_string_equal(a->team, b->team);
	assert_string_equal(a->model, b->model);
	assert_string_equal(a->sglang, b->sglang);
	assert_string_equal(a->aiter, b->aiter);
	assert_string_equal(a->note, b->note);
	assert_true(a->n_points == b->n_points && a->passed == b->passed && a->failed == b->failed);
	assert_true(same_double(a->best, b->best) && same_double(a->worst, b->worst));
	for (int i = 0; i < a->n_points; i++) {
		const struct shelf_point *p = &a->points[i], *q = &b->points[i];
		assert_true(p->isl == q->isl && p->osl == q->osl && p->conc == q->conc && p->repeat == q->repeat);
		assert_true(p->status == q->status && p->doubts == q->doubts && p->failed == q->failed);
		assert_true(
		        same_double(p->tput_per_gpu, q->tput_per_gpu) && same_double(p->e2el_median, q->e2el_median));
		assert_true(
		        same_double(p->interactivity, q->interactivity) && same_double(p->tput_ratio, q->tput_ratio));
		assert_true(same_double(p->e2e_ratio, q->e2e_ratio) && same_double(p->intvty_ratio, q->intvty_ratio));
	}
}

static void fill(struct place *x, struct ours *o)
{
	char dir[300];
	ours_whole(x, o, WALL + 100, 1.0, true);
	ours_whole(x, o, WALL + 200, 1.5, false);
	official_batch(x, "batch_isl1024_osl1024_20251125_150000", dir, sizeof dir);
	write_text(x->dir, "one \"quoted\".json", official_text(x, 1));
	write_text(x->dir, "zwei \xc3\xa4.json", official_text(x, 2));
	write_text(x->dir, "package.json", "{}");
	make_dir(x, "batch_isl8_osl8_20251130_150000", dir, sizeof dir);
	write_text(dir, "result_isl8_osl8_conc4.json", "{\"half");
	age(x);
}

static void the_index_says_what_was_read(void **state)
{
	struct place *x = *state;
	struct ours o;
	char index[300];
	fill(x, &o);
	struct shelf *first = scan_of(x->dir);
	assert_int_equal(first->reused, 0);
	assert_int_equal(first->n, 6);
	struct shelf *second = scan_of(x->dir);
	assert_int_equal(second->read, 1); /* the name with quotes is read each time */
	assert_int_equal(second->n, first->n);
	for (int i = 0; i < first->n; i++)
		assert_same_entry(&first->entries[i], &second->entries[i]);
	shelf_free(first);
	shelf_free(second);
	index_path(x, index, sizeof index);
	assert_true(file_exists(index));
	/* seen from within the directory the index is the same */
	char cwd[4096];
	assert_non_null(getcwd(cwd, sizeof cwd));
	assert_int_equal(chdir(x->dir), 0);
	struct shelf *here = scan_of(".");
	assert_int_equal(chdir(cwd), 0);
	assert_int_equal(here->read, 1);
	assert_int_equal(here->n, 6);
	shelf_free(here);
}

static void changes_are_seen(void **state)
{
	struct place *x = *state;
	struct ours o;
	char path[700];
	struct timespec now[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = WALL}};
	ours_whole(x, &o, WALL, 1.0, true);
	age(x);
	assert_counts(x, 0, 1);
	assert_counts(x, 1, 0);
	/* a post event is appended */
	struct event ev;
	assert_int_equal(journal_open(&o.j, o.d.path, NULL), 0);
	event_init(&ev, EV_post_changed);
	ev.u.post_changed.cell = 0;
	add_event(x, &o, &ev);
	journal_close(&o.j);
	assert_counts(x, 0, 1);
	age(x);
	assert_counts(x, 0, 1);
	assert_counts(x, 1, 0);
	/* a result is edited in place: same size, same inode, and its directory does not change */
	assert_true(rundir_result_path(&o.d, &o.s, &o.p.cells[0], path, sizeof path));
	assert_int_equal(utimensat(AT_FDCWD, path, now, 0), 0);
	assert_counts(x, 0, 1);
	assert_counts(x, 1, 0);
	/* a result goes */
	assert_int_equal(unlink(path), 0);
	struct shelf *s = scan_of(x->dir);
	assert_int_equal(s->read, 1);
	assert_non_null(strstr(s->entries[0].note, "is gone"));
	shelf_free(s);
	/* the run goes */
	char away[300];
	below(x, ".away", away, sizeof away);
	assert_int_equal(rename(o.d.path, away), 0);
	s = scan_of(x->dir);
	assert_int_equal(s->n, 0);
	shelf_free(s);
}

/* What was changed a moment ago may change again unseen: it is not trusted yet. */
static void fresh_files_are_read_again(void **state)
{
	struct place *x = *state;
	struct ours o;
	ours_whole(x, &o, WALL, 1.0, true);
	assert_counts(x, 0, 1);
	assert_counts(x, 0, 1);
}

static void a_broken_index_is_made_anew(void **state)
{
	struct place *x = *state;
	struct ours o;
	struct buf b;
	char path[300];
	ours_whole(x, &o, WALL, 1.0, true);
	ours_whole(x, &o, WALL + 60, 2.0, true);
	age(x);
	assert_counts(x, 0, 2);
	index_path(x, path, sizeof path);
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, &b, NULL), 0);
	char *digit = strstr(b.data, "\"points\":[[1024,1024,4,1,2,0,0,") + 31;
	*digit = *digit == '1' ? '2' : '1'; /* a figure of one entry: its sum does not hold */
	write_text(x->dir, ".benchtop/index.jsonl", b.data);
	buf_free(&b);
	struct shelf *s = scan_of(x->dir);
	assert_int_equal(s->reused, 1);
	for (int i = 0; i < s->n; i++)
		assert_true(s->entries[i].points[0].tput_per_gpu == some_load(i == 0 ? 2.0 : 1.0, 4).tput_per_gpu);
	shelf_free(s);
	assert_counts(x, 2, 0);
	write_text(x->dir, ".benchtop/index.jsonl", "garbage\n{\"sum\":\"0\n\n");
	assert_counts(x, 0, 2);
	assert_int_equal(truncate(path, 700), 0);
	s = scan_of(x->dir);
	assert_int_equal(s->n, 2);
	shelf_free(s);
	/* no place to write it: all is read each time */
	assert_int_equal(unlink(path), 0);
	char dir[300];
	below(x, ".benchtop", dir, sizeof dir);
	assert_int_equal(rmdir(dir), 0);
	write_text(x->dir, ".benchtop", "a file");
	assert_counts(x, 0, 2);
	assert_counts(x, 0, 2);
}

static void history_oldest_first(void **state)
{
	struct place *x = *state;
	struct ours o;
	float v[8];
	int entry[8];
	for (int i = 0; i < 4; i++)
		ours_whole(x, &o, WALL + i * 60, 1.0 + 0.1 * i, true);
	write_text(x->dir, "one.json", official_text(x, 0)); /* the same place of the table */
	age(x);
	struct shelf *s = scan_of(x->dir);
	int n = shelf_history(s, x->t.name, 1024, 1024, 8, v, entry, 8);
	assert_int_equal(n, 4);
	for (int i = 0; i < 4; i++) {
		assert_float_equal(v[i], some_load(1.0 + 0.1 * i, 8).tput_per_gpu, 1e-3);
		assert_int_equal(s->entries[entry[i]].wall_ns / CLOCK_NS_PER_S, WALL + i * 60);
	}
	assert_int_equal(shelf_history(s, x->t.name, 1024, 1024, 8, v, NULL, 2), 2); /* the newest two */
	assert_float_equal(v[1], some_load(1.3, 8).tput_per_gpu, 1e-3);
	assert_int_equal(shelf_history(s, x->t.name, 1024, 1024, 4, v, NULL, 8), 5);
	assert_int_equal(shelf_history(s, "other", 1024, 1024, 8, v, NULL, 8), 0);
	shelf_free(s);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        T(every_kind_once),
	        T(a_sweep_is_one_entry),
	        T(hostile_trees),
	        T(paths_of_the_user),
	        T(alive_while_its_lock_is_held),
	        T(a_killed_run_is_not_running),
	        T(the_index_says_what_was_read),
	        T(changes_are_seen),
	        T(fresh_files_are_read_again),
	        T(a_broken_index_is_made_anew),
	        T(history_oldest_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
