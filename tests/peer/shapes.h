/*
 * Named answers: the shapes a completion stream comes in, well-formed, odd, broken and hostile.
 *
 * Who uses it: tests that feed a client each of them and state what it must make of it; no expectation is in here.
 * Unless its name says otherwise a shape carries three token events and usage with completion_tokens 3 (prompt_tokens
 * 5), then the end mark, over chunked coding with one chunk and one send for each part, and closes.
 * huge_line_no_newline is 4 MiB of a first event whose line does not end before the second event is in it too;
 * nul_bytes has NULs inside the first event's text (not JSON any more) and a line of nothing else.
 * Where the place of a cut between sends matters, the sends are a few milliseconds apart.
 *
 * Ownership: the shapes are made once, belong to this file and live until the process ends. Any thread may ask.
 */
#ifndef PEER_SHAPES_H
#define PEER_SHAPES_H

#include "peer.h"

struct peer_shape {
	const char *name;
	struct peer_script script;
};

const struct peer_shape *peer_shapes(size_t *n);               /* all; NULL without memory */
const struct peer_shape *peer_shape_find(const char *name);    /* NULL: no such name */
const struct peer_script *peer_shape_script(const char *name); /* NULL: no such name */

#endif
