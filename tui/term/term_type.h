/* Internal to tui/term: the name under which terminfo is asked; NULL or empty when TERM says none. */
#ifndef BENCHTOP_TERM_TYPE_H
#define BENCHTOP_TERM_TYPE_H
#include "term.h"

const char *term_type(const struct term_options *o);

#endif
