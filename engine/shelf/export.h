/* Finished runs as text for other programs: JSON lines, CSV, and the aggregate form of InferenceX.
 *
 * Pure but for shelf_open of the entries it needs. Absent numbers are null, or an empty CSV field; never 0.
 */
#ifndef BENCHTOP_EXPORT_H
#define BENCHTOP_EXPORT_H
#include "../base/buf.h"
#include "shelf.h"

/* Each appends one entry; 0 or buf's error code. */
int export_json(const struct shelf_entry *entry, struct buf *out); /* one line: the entry with its points */
/* One line a planned row, measured or not: run, time, kind, track, pair, CONC, repeat, status, the nineteen figures, ratios,
 * accuracy, commits. */
int export_csv_head(struct buf *out);
int export_csv(const struct shelf_run *r, struct buf *out);
/* An array member a passed row, "agg" form: times in seconds without "_ms" (median_e2el), each tpot also as *_intvty,
 * tput_per_gpu, output_tput_per_gpu, input_tput_per_gpu, tp, conc, isl, osl, model, framework, precision, hw (facts:
 * leaderboard 2.6). The brackets are the caller's; a comma is put in front when out ends in '}'. t may be NULL. */
int export_infmax(const struct shelf_run *r, const struct track *t, struct buf *out);

#endif
