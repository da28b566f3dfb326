/* The client's own error: the load of every run against a server on loopback that stamps what it sends.
 *
 * What is found holds for this machine, with what else ran on it at the time. Blocks the calling thread; the server has a
 * thread of its own. curl_global_init is the caller's.
 */
#ifndef BENCHTOP_CLIENT_H
#define BENCHTOP_CLIENT_H
#include "../base/cancel.h"
#include "../base/err.h"
#include "../plan/track.h"
#include <stdint.h>

#define CLIENT_CONCS  3
#define CLIENT_ITL_MS 5
#define CLIENT_TOKENS 200 /* of a request: a second */

struct client_row {
	int conc;
	int64_t requests, tokens, failed;
	/* from the stamp of an event, just before it was sent, to the client's clock for it, ms; the kernel's part is in it */
	double late_p50, late_p99;
	/* TTFT as measured, less what the server took from the whole request to its first event, ms */
	double ttft_p50, ttft_p99;
	double tpot_error;       /* TPOT against that of the stamps, median of the absolute difference, ms */
	double gap_p50, gap_p99; /* from a completion to the next send, ms */
	double cpu_share;        /* of the load's thread, 0..1 of a CPU */
};

/* The CONCs that are measured: the track's lowest, middle and highest, ascending; how many. */
int client_concs(const struct track *t, int out[CLIENT_CONCS]);
/* Three rounds of CONC requests: about three seconds. 0, or why it could not be measured. */
int client_measure(int conc, struct cancel *cancel, struct client_row *out, struct err *e);
/* The least of 0.001, 0.002, 0.005, 0.01 ... that is above v: "less than". NaN stays NaN. */
double client_bound(double v);

#endif
