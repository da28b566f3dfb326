/* Errors as sentences.
 *
 * Every function of the engine that can fail returns 0 or one of the negative codes below and fills a
 * `struct err` with a sentence that a user can act on: it names the thing, the value and the remedy.
 * Nothing below main prints or exits. A NULL `struct err *` is allowed everywhere (the text is dropped).
 */
#ifndef BENCHTOP_ERR_H
#define BENCHTOP_ERR_H

enum err_code {
	ERR_USAGE = -1,     /* the user's input or configuration: exit status 1 */
	ERR_IO = -2,        /* a file, a disk, a process */
	ERR_NET = -3,       /* no connection, time-out, cut connection */
	ERR_PROTO = -4,     /* an answer that does not say what it must */
	ERR_LIMIT = -5,     /* larger than a stated bound */
	ERR_CANCELLED = -6, /* the user stopped it */
	ERR_NOMEM = -7,
	ERR_GATE = -8, /* accuracy outside its limit */
};

struct err {
	int code;
	char text[512];
};

/* Fills e (when not NULL) with code and the formatted sentence; returns code, so that `return err_set(...)` works. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of errnum appended. */
int err_sys(struct err *e, int code, int errnum, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Puts a formatted prefix and ": " in front of the text that e holds already; returns e->code (or code 0 when e is NULL). */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
