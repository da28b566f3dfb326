/* The terminal part of `benchtop doctor`: type, size, colours, characters, and what holds it. Called by cli_doctor.c alone. */
#ifndef BENCHTOP_DOCTOR_TERMINAL_H
#define BENCHTOP_DOCTOR_TERMINAL_H
#include "../engine/doctor/doctor.h"
#include "options.h"

struct doctor_screen {
	bool terminal;   /* standard input and output are one */
	int rows, cols;  /* 0 = not told */
	int colors;      /* by terminfo */
	bool utf8;       /* of the locale that was chosen */
	char wrong[512]; /* what term_check says; empty = nothing */
};

/* Looks at the terminal of this process. */
void doctor_screen_look(const struct options *o, struct doctor_screen *out);
/* Adds the checks. */
void doctor_terminal(const struct doctor_screen *d, const struct options *o, settings_getenv get, void *ctx,
        struct doctor_report *r);

#endif
