#include "shelf.h"
#include <math.h>
#include <string.h>

int shelf_history(
        const struct shelf *s, const char *track, int isl, int osl, int conc, float *values, int *entry, int cap)
{
	int n = 0;
	/* The shelf is newest first, a run's repeats are oldest first: collected backwards, then turned. */
	for (int i = 0; i < s->n && n < cap; i++) {
		const struct shelf_entry *x = &s->entries[i];
		if (x->kind == SHELF_UNREADABLE || strcmp(x->track, track) != 0)
			continue;
		for (int k = x->n_points - 1; k >= 0 && n < cap; k--) {
			const struct shelf_point *p = &x->points[k];
			if (p->isl != isl || p->osl != osl || p->conc != conc || p->status != CELL_PASSED ||
			        !isfinite(p->tput_per_gpu))
				continue;
			values[n] = (float)p->tput_per_gpu;
			if (entry)
				entry[n] = i;
			n++;
		}
	}
	for (int a = 0, b = n - 1; a < b; a++, b--) {
		float v = values[a];
		values[a] = values[b];
		values[b] = v;
		if (entry) {
			int k = entry[a];
			entry[a] = entry[b];
			entry[b] = k;
		}
	}
	return n;
}
