#include "launch.h"

int launch_shape(const struct track *t, int isl, int osl, int conc)
{
	for (int i = 0; i < t->n_shapes; i++)
		if (t->shapes[i].isl == isl && t->shapes[i].osl == osl && conc > t->shapes[i].conc_above)
			return i;
	return LAUNCH_USUAL;
}

int launch_prefill(const struct track *t, int shape)
{
	return shape >= 0 && shape < t->n_shapes ? t->shapes[shape].prefill : t->launch_prefill;
}

int launch_shape_of_server(const struct track *t, int64_t prefill)
{
	for (int i = 0; i < t->n_shapes && prefill != t->launch_prefill; i++)
		if (t->shapes[i].prefill == prefill)
			return i;
	return LAUNCH_USUAL;
}

void launch_needs(const struct plan *p, const struct track *t, int server_shape, struct launch_needs *out)
{
	int at = server_shape, first = 0;
	*out = (struct launch_needs){.first = -1};
	for (int i = 0; i < p->n_cells; i++) {
		int shape = launch_shape(t, p->cells[i].isl, p->cells[i].osl, p->cells[i].conc);
		if (i == 0)
			first = shape;
		out->mixed = out->mixed || shape != first;
		out->restarts += shape != at;
		at = shape;
		if (shape == server_shape)
			continue;
		out->other++;
		if (out->first < 0)
			out->first = i;
	}
}
