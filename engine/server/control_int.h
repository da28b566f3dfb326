/* Shared by control.c and stop.c only. */
#ifndef BENCHTOP_CONTROL_INT_H
#define BENCHTOP_CONTROL_INT_H
#include "control.h"

void control_say(const struct control *c, enum severity severity, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

#endif
