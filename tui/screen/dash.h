/* The parts of the dashboard, for the files that draw it. Everything here is a pure function of board and view. */
#ifndef BENCHTOP_DASH_H
#define BENCHTOP_DASH_H
#include "../draw/layout.h"
#include "../draw/widget.h"
#include "view.h"

/* One row of the sweep: the plan's cell, what the board knows of it, and the figures to show (NaN = absent). */
struct dash_row {
	const struct plan_cell *plan;
	const struct board_cell *cell;           /* NULL: not in this run */
	const struct ev_load_progress *progress; /* of a load in progress or cut; NULL none. Live: as held (view.h) */
	enum cell_status status;
	bool picked, focused;
	bool live; /* figures of a load in progress */
	double tput, e2e, intvty, ttft, tpot;
	double tput_ratio, e2e_ratio, intvty_ratio;
	double ref_tput, ref_e2e, ref_intvty;
	double pin_change,
	        pin_noise; /* throughput against the pinned run, as fractions; NaN: none, or it lacks the row */
	enum compare_verdict pin_verdict;
};
struct words {
	char text[96];
	enum role role;
};

/* dash_format.c */
bool dash_row_make(
        struct dash_row *out, const struct board *b, const struct view *v, int i); /* false outside the plan */
bool run_alive(const struct board *b);
enum run_phase run_phase_shown(const struct board *b); /* what a run does between its rows; PHASE_NONE during one */
bool cell_warming(const struct board_cell *cell);      /* the phase is not renewed when the warm-up is over */
bool cell_loading(const struct board_cell *cell);
const struct ev_load_progress *progress_shown(
        const struct board *b, const struct view *v, const struct board_cell *cell);
const struct ev_server_load *server_load_shown(const struct board *b, const struct view *v); /* NULL: none */
int load_percent(
        const struct ev_load_progress *p); /* by tokens, so that it moves before the first answers; 100 = all */
enum run_mode mode_shown(const struct board *b, const struct view *v);
char *fmt_about(double seconds, char out[16]);                   /* "~9m", "~45s", "~2h10" */
char *fmt_number(double v, int decimals, char out[40]);          /* "—" when absent */
char *fmt_fixed(double v, int decimals, int cols, char out[48]); /* right-aligned in cols columns */
char *fmt_clock(double seconds, char out[16]);                   /* "0:12:31" */
char *fmt_host(const char *url, char *out, size_t cap);          /* "host" of a URL, port included */
char *fmt_port(const char *url, char *out, size_t cap);          /* ":8888" on this machine, else the host */
char *fmt_percent(double share, int decimals, char out[16]);     /* "+0.13%" */
char ratio_sign(double ratio, bool lower_is_better);             /* + - = or blank */
enum role ratio_role(double ratio, bool lower_is_better);
bool pin_shown(const struct view *v);                                  /* a run of this track is pinned */
char *fmt_change(double change, double noise, int cols, char out[24]); /* "+3.2±2.0" in percent, at most cols columns */
char pin_sign(const struct dash_row *r);                               /* as ratio_sign: beyond the noise, or = */
enum role pin_role(const struct dash_row *r);
double run_left_s(const struct board *b, const struct view *v); /* NaN unknown */
double phase_elapsed_s(const struct board_cell *cell, const struct view *v);
/* What a row will take: as long as the same work took since the program began (*measured), else as the guide says. */
double expect_s(const struct board *b, const struct plan_cell *p, enum run_mode mode, bool *measured);
const char *ref_name(const struct view *v); /* "B200" */
const char *spark_values(
        const struct board *b, float out[BOARD_SPARK], double *max); /* words for what it is; "" none */

/* dash_words.c */
void words_mode(struct words *w, const struct board *b, const struct view *v);
void words_state(
        struct words *w, const struct board *b, const struct view *v, const struct dash_row *r, int cols, bool ascii);
void words_check(struct words *w, const struct dash_row *r, int cols);
void words_post(struct words *w, const struct board_cell *cell, int cols);
void words_server(struct words *w, const struct board *b);
/* A start in progress, on one line: "43%  loading weights 40/82  1m01 (last time 2m18)  left 3m10; building module_x". What
 * is not known is left out. */
void start_line(struct pen *p, const struct board *b, const struct view *v);
void words_run(struct words *w, const struct board *b, bool brief); /* what a run does between its rows; empty none */
void words_accuracy(struct words *w, const struct board *b);
const struct ev_flag_raised *first_flag(const struct board_cell *cell);
enum role severity_role(enum severity s);

/* Each draws one part of the layout. */
void dash_header(struct canvas *c, struct rect r, const struct board *b, const struct view *v);
void dash_server(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v);
void dash_accuracy(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v);
int dash_sweep_with(const struct dash_layout *l, const struct board *b, const struct view *v); /* enum sweep_with */
void dash_sweep(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v);
void dash_detail(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v);
void dash_log(struct canvas *c, const struct dash_layout *l, const struct board *b, const struct view *v);
void dash_notes(struct canvas *c, struct rect r, const struct board *b, const struct view *v);
int dash_notes_count(const struct board *b, const struct view *v);

/* A line of a log: time and rank set off, the rest in the colour of its severity. */
void log_line_draw(struct canvas *c, int row, int col, int cols, const struct tail_line *line);

#endif
