/* Building blocks of the scenes: what happens to a server and to a run, step by step. */
#ifndef BENCHTOP_STEPS_H
#define BENCHTOP_STEPS_H
#include "scenes.h"

#define WALL_START INT64_C(1763992800000000000) /* 2025-11-24 14:00:00 UTC */
#define MONO_START INT64_C(500000000000)
#define RUN_DIR    "batch_perf_1024_1024_20251124_140000"

struct event step_event_of(struct stage *s, enum event_kind kind);
void step_apply(struct stage *s, struct event *ev);
void step_pass(struct stage *s, double seconds);
void step_server_is(struct stage *s, enum server_phase phase, const char *text);
void step_gpu_is(struct stage *s, double busy, double watts);
void step_load_is(struct stage *s, double running, double tps);
void step_run_is(struct stage *s);
void step_row_starts(struct stage *s, int cell);
void step_phase_is(struct stage *s, int cell, enum run_phase phase);
void step_accuracy_at(struct stage *s, int cell, int done);
void step_accuracy_done(struct stage *s, int cell, bool passed);
void step_load_at(struct stage *s, int cell, double share, double tput_ratio, double slow);
void step_load_done(struct stage *s, int cell, double tput_ratio, double slow, int failed);
void step_flag_is(struct stage *s, int cell, enum flag_code flag, bool doubt, const char *text);
void step_row_ends(struct stage *s, int cell, enum cell_status status, double seconds, const char *text);
void step_post_is(struct stage *s, int cell, enum post_state state, int rank, const char *text);
void step_run_ends(struct stage *s, int passed, int failed, const char *text);
void step_notice_is(struct stage *s, enum severity severity, const char *text);
void step_row_passes(struct stage *s, int cell, double tput_ratio, double slow);
int step_log_open(struct stage *s);

#endif
