/* States of the server for the tests of the screens; scenes.c lists them by name. */
#ifndef BENCHTOP_SERVERS_H
#define BENCHTOP_SERVERS_H
#include "scenes.h"

void server_start_steps(struct stage *s);
void server_start_log(struct stage *s);
void server_figures(struct stage *s);

#endif
