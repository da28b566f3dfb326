/* The manual page benchtop(1) as troff, made of the tables of commands, options, configuration and actions. */
#ifndef BENCHTOP_MANPAGE_H
#define BENCHTOP_MANPAGE_H
#include "../engine/base/buf.h"

int manpage_text(struct buf *b); /* 0 or buf's error */

#endif
