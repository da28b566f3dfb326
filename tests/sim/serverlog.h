/* serverlog: the log file, in SGLang's format (v0.5.5 style).
 *
 * Called by http (access lines), completions and generate (arrivals), status (notices) and startup (the
 * start-up phases). Lines are collected in memory and written at most every 100 ms, so the log does not
 * slow streaming. Time stamps are local wall-clock time, as SGLang's. */
#ifndef BENCHTOP_SIM_SERVERLOG_H
#define BENCHTOP_SIM_SERVERLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "reactor.h"

struct sim;

struct serverlog {
	struct sim *sim;
	int fd;
	char path[512];
	struct buf pending;
	struct timer flush, prefill, decode;
	unsigned new_seqs; /* arrivals not yet in a prefill line */
	uint64_t new_tokens;
	uint64_t decode_at; /* of the last decode line */
	uint64_t decode_generated;
	int64_t stamp_second; /* what `stamp` holds */
	char stamp[32];
};

/* 0, or -1 after a sentence on stderr. */
int serverlog_open(struct serverlog *log, struct sim *sim, const char *path);
void serverlog_close(struct serverlog *log);

/* "[date who] text"; who is "" or " TP0". */
void serverlog_line(struct serverlog *log, const char *who, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Only "[date who] "; serverlog_raw brings the rest of a line of any length. */
void serverlog_stamp(struct serverlog *log, const char *who);

/* Bytes as they are: bars, aiter lines. */
void serverlog_raw(struct serverlog *log, const char *text);

void serverlog_access(struct serverlog *log, const char *address, unsigned port, const char *method, const char *path,
        unsigned status);

/* A prompt arrived: it will be in the next prefill line. */
void serverlog_arrival(struct serverlog *log, uint64_t tokens);

/* A stream began to decode: decode lines come while any does. */
void serverlog_decoding(struct serverlog *log);

#endif
