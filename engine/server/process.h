/* Processes as /proc shows them: who listens on a port, what it runs, where its output goes.
 *
 * Used by the watcher (which log?), by start and stop (whom?) and by `benchtop server status`. Everything read is bounded
 * and cleaned. `root` is the directory of /proc, NULL = "/proc" (tests give a tree of their own). Nothing is kept open.
 */
#ifndef BENCHTOP_PROCESS_H
#define BENCHTOP_PROCESS_H
#include "../base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_COMMAND 400
#define PROCESS_MANY    512 /* members of a server that are looked after */

struct process {
	pid_t pid, ppid, pgid, sid; /* pid 0 = none */
	int64_t ticks;              /* start in clock ticks since boot: with pid the identity */
	int64_t start_wall_ns;      /* 0 unknown */
	bool terminal;              /* has a controlling terminal */
	bool zombie;
	char name[20]; /* comm */
	char command
	        [PROCESS_COMMAND]; /* arguments with blanks between, values of keys hidden; comm when there are none */
};

enum port_state {
	PORT_FREE,    /* nobody listens */
	PORT_HELD,    /* by the process given out */
	PORT_OUTSIDE, /* somebody does, but no process that can be seen from here: another container, or not our user's */
};

enum log_target {
	LOG_UNKNOWN,  /* the process is gone, or may not be looked into */
	LOG_FILE,     /* path is it */
	LOG_TERMINAL, /* cannot be read */
	LOG_NOWHERE,  /* /dev/null */
	LOG_PIPE,     /* a pipe (or socket) whose reader keeps no file that is known */
};

struct process_log {
	enum log_target kind;
	char path[512];  /* LOG_FILE */
	char other[512]; /* the file of its stdout, when that is another one; else empty */
	char words[200]; /* why it cannot be read, and the remedy; empty for LOG_FILE */
};

/* 0 or ERR_IO (no such process). */
int process_read(const char *root, pid_t pid, struct process *out, struct err *e);
/* The same process still runs: pid and ticks agree, and it is no zombie. */
bool process_alive(const char *root, pid_t pid, int64_t ticks);
/* Who listens on TCP `port` (v4 or v6); of several that share the socket the one whose parent does not. *uid gets the owner
 * of the socket (-1 unknown). */
enum port_state process_listener(const char *root, int port, struct process *out, long *uid);
/* A serving program (sglang, vLLM) that was started for this port and may not listen yet: by its arguments. */
bool process_starting(const char *root, int port, struct process *out);
/* Looks like an LLM server by its arguments or those of a near ancestor (its launch script). */
bool process_is_server(const char *root, const struct process *p);
/* Where the process's stderr (else stdout) goes. A pipe: the regular file that its reader writes. A path in another mount
 * namespace is given through /proc/PID/root. */
void process_log(const char *root, pid_t pid, struct process_log *out);
/* The process, what descends from it, and (sid > 0) the session's members: those alive, at most cap. */
int process_family(const char *root, pid_t pid, pid_t sid, struct process *out, int cap);
/* The process group of a server, when it is the server's own: led by the server, or by a process above it whose arguments
 * name one (its launch script). 0 otherwise: the group may hold a shell and all that was started from it. */
pid_t process_own_group(const char *root, const struct process *p);
/* The members of a process group: those alive, at most cap. */
int process_group(const char *root, pid_t pgid, struct process *out, int cap);
/* "pid 4711 (python3 -m sglang.launch_server ...), since 14:05:03". Returns out. */
char *process_words(const struct process *p, char *out, size_t cap);

#endif
