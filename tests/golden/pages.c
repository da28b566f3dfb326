#include "pages.h"
#include "../../engine/base/text.h"
#include <string.h>

static const struct {
	const char *name;
	void (*make)(struct pages *);
} scenes[] = {{"run_sweep", page_sweep}, {"run_submit", page_submit}, {"run_partial", page_partial},
        {"run_official", page_official}, {"run_repeats", page_repeats}, {"run_file", page_file},
        {"run_extremes", page_extremes}, {"runs", page_list}, {"runs_end", page_list_end},
        {"runs_unreadable", page_list_unreadable}, {"runs_empty", page_list_empty},
        {"runs_scanning", page_list_scanning}, {"compare", page_compare}, {"compare_single", page_compare_single},
        {"compare_none", page_compare_none}};

int pages_count(void)
{
	return (int)(sizeof scenes / sizeof scenes[0]);
}

const char *pages_name(int i)
{
	return i >= 0 && i < pages_count() ? scenes[i].name : NULL;
}

int pages_open(struct pages *s, int i)
{
	memset(s, 0, sizeof *s);
	if (!pages_name(i) || scene_open(&s->stage, 0) != 0)
		return -1;
	text_copy(s->view.where, sizeof s->view.where, "/data/results");
	scenes[i].make(s);
	return 0;
}

void pages_close(struct pages *s)
{
	scene_close(&s->stage);
}

void pages_draw(struct pages *s, struct canvas *c)
{
	struct rect area = {0, 0, c->rows - 1, c->cols};
	canvas_clear(c);
	switch (s->view.page) {
	case RESULTS_LIST:
		results_list_draw(c, area, &s->view, s->stage.view.now_wall_ns);
		break;
	case RESULTS_RUN:
		results_run_draw(c, area, &s->view);
		break;
	case RESULTS_COMPARE:
		results_compare_draw(c, area, &s->view);
		break;
	default:
		break;
	}
}
