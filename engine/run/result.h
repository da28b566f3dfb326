/* The result file and the post's values, byte for byte as the official tool writes them for the same inputs
 * (facts/official-tool.md), with the nineteen summary fields, and what benchtop adds after the official keys. Pure.
 */
#ifndef BENCHTOP_RESULT_H
#define BENCHTOP_RESULT_H
#include "../base/buf.h"
#include "../event/board.h"
#include "../plan/plan.h"

struct result_input {
	const struct track *track;
	const struct plan_cell *cell;
	const char *model;
	const char *base_url; /* as written: "http://0.0.0.0:8888" */
	double ratio;
	const struct ev_load_measured *load;
	bool have_summary_names; /* true: successful_requests, benchmark_duration, total_generated_tokens are written;
	                                 * false only in the comparison test with the official files */
	const struct ev_accuracy_measured *accuracy; /* NULL when skipped: "accuracy" is null, the status "SKIPPED" */
	const struct ev_flag_raised *flags;
	int n_flags;
	bool official_only; /* leaves out the members that the official file lacks ("benchtop": {...}) */
	enum prompts_mode prompts;
	const struct ev_server_seen *server; /* the one that was measured; NULL unknown */
};

/* Ratios ours / reference; NaN without a reference. */
void result_ratios(const struct result_input *in, double *tput, double *e2e, double *intvty);
/* Appends the file's text (two-space indent, no newline at the end as Python's json.dump). */
int result_json(const struct result_input *in, struct buf *out);
/* Appends {"data": [...]} with the track's columns, numbers by %g, absent references and ratios 0. */
int result_payload(const struct result_input *in, const char *team, struct buf *out);

#endif
