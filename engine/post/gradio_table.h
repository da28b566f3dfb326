/* Reads a leaderboard's table as Gradio's components send it (facts: leaderboard 1.7), whatever the app looks like.
 *
 * A table is {"headers": [...], "data": [[...]]}, the same inside an update ({"value": {...}, "__type__": "update"}), or
 * bare rows [[...]]. Headers may be of any type or missing; an empty table is [] or [[]]. Nothing is owned.
 */
#ifndef BENCHTOP_GRADIO_TABLE_H
#define BENCHTOP_GRADIO_TABLE_H
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct gradio_table {
	const cJSON *headers; /* array or NULL */
	const cJSON *rows;    /* array of arrays */
	int team, conc, rank; /* columns by header text, -1 when no header says so */
};

/* False when value is no table. */
bool gradio_table_read(struct gradio_table *t, const cJSON *value);
/* Rank of the team's row with that CONC: what its Rank column says, else its place among the rows of that CONC. The best
 * one when there are several. -1 when it is not there. */
int64_t gradio_table_rank(const struct gradio_table *t, const char *team, int64_t conc);

/* Over the outputs of a call (an array of values): the first table that knows the row. -1 when none does. */
int64_t gradio_outputs_rank(const cJSON *outputs, const char *team, int64_t conc);
/* The first non-empty string among the outputs (also inside an update), NULL when there is none. */
const char *gradio_outputs_text(const cJSON *outputs);

#endif
