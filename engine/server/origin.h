/* Where a server comes from: when its process began and with which arguments, for the manifest. Two runs on one host with
 * the same start were measured on the same start. */
#ifndef BENCHTOP_ORIGIN_H
#define BENCHTOP_ORIGIN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server_origin {
	int64_t started_wall_ns; /* 0 unknown */
	char arguments[8192]; /* of the process, one blank between, values of keys, tokens and passwords as "***"; empty
	                          * unknown */
};

/* The server at base_url; root as in process.h. False, and all unknown, when it does not run where we can see it. */
bool server_origin_find(const char *root, const char *base_url, struct server_origin *out);
/* Arguments as in /proc/PID/cmdline (a NUL behind each) for people: cleaned, cut when they do not fit. */
void server_origin_words(const char *raw, size_t len, char *out, size_t cap);

#endif
