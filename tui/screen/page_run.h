/* A run's page: what it is made of, and its parts. Everything is a pure function of the run, its track and the width. */
#ifndef BENCHTOP_PAGE_RUN_H
#define BENCHTOP_PAGE_RUN_H
#include "dash.h"
#include "page.h"
#include "results.h"

#define RUN_ROWS 48 /* CONCs of a pair on a page */

/* One CONC: its rows of the board (repeats) as one. Figures are the mean over the rows that passed, those of the last one
 * that was measured when none did; NaN = absent. */
struct run_row {
	int conc;
	int rows, passed, loads;       /* rows of the board; that passed; that the figures are the mean of */
	const struct board_cell *cell; /* the last one that passed, else the last that was tried */
	double tput, e2e, intvty;
	double ref_tput, ref_e2e, ref_intvty;
	double tput_ratio, e2e_ratio, intvty_ratio;
	double ttft, ttft_p99, tpot, tpot_p99, itl, itl_p99, e2e_p99;
	double duration_s, request_rate, out_tps, total_tps;
	double spread;                 /* relative standard deviation of the throughput over the repeats */
	int64_t done, failed, prompts; /* requests of all of them; done -1 unknown */
	double slots, late, gap, cpu;  /* the worst of them; slots per CONC */
	int doubts;                    /* rows of the board with doubts */
};

struct run_page {
	const struct results_view *v;
	const struct shelf_run *run;
	const struct board *b;
	const struct track *track; /* NULL unknown */
	const char *ref;           /* "B200" */
	char ref_brief[24];
	int isl, osl, pair, pairs;
	struct run_row rows[RUN_ROWS];
	int n, more;                                    /* more: CONCs that are not in rows */
	int cells, passed, failed, stopped, unfinished; /* rows of the board, of this pair */
	int doubts;                                     /* rows of the board with doubts */
	bool repeats, submit, measured;                 /* measured: any load */
	struct page page;
};

/* page_run.c. False: the run has no rows. */
bool run_page_make(struct run_page *r, const struct results_view *v);
bool run_page_has(const struct run_page *r, const struct board_cell *cell); /* of the pair on the page */
bool official_tool(const struct shelf_run *run);

/* page_head.c */
/* `below`: lines that are not in sight, 0 says nothing. */
void run_title(struct canvas *c, struct rect line, const struct run_page *r, int below);
void run_verdict(struct run_page *r);
void run_meta(struct run_page *r);

/* page_table.c */
void run_table(struct run_page *r);
void run_latency(struct run_page *r);
void run_repeats(struct run_page *r);

/* page_checks.c */
void run_accuracy(struct run_page *r);
void run_notes(struct run_page *r);

/* page_more.c */
void run_footnotes(struct run_page *r);
void run_curves(struct run_page *r);
void run_origin(struct run_page *r);

#endif
