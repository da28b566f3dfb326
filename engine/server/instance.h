/* The server as a process: the one on the port, or the one that is on its way there; and the record of our own starts.
 *
 * A start from benchtop leaves server-PORT.json in the cache directory: launcher, log, model. So another benchtop, or the
 * same one later, finds a server that does not listen yet, and knows when it began. The record is believed only while its
 * process (pid and start) or its session lives, and only where its pids mean the same: not after the container or the
 * machine was started again.
 */
#ifndef BENCHTOP_INSTANCE_H
#define BENCHTOP_INSTANCE_H
#include "process.h"

struct server_record {
	pid_t pid; /* of the launcher, leader of its session; 0 = no record */
	int64_t ticks;
	int64_t wall_ns;
	int port;
	char log[512];
	char script[512];
	char model[160];
};

enum instance_state {
	INSTANCE_NONE,      /* the port is free and nothing is on its way */
	INSTANCE_STARTING,  /* a process is there, the port is not held yet */
	INSTANCE_LISTENING, /* somebody holds the port: process known */
	INSTANCE_OUTSIDE,   /* somebody that cannot be seen from here holds the port */
	INSTANCE_REMOTE,    /* the URL names another machine */
};

struct instance {
	enum instance_state state;
	struct process process; /* STARTING: the launcher or the program; LISTENING: who listens */
	pid_t key_pid;          /* the same from start to end: the launcher of our own start, else the process */
	int64_t key_ticks;
	int64_t begun_wall_ns; /* of the start; 0 unknown */
	bool ours;             /* started by benchtop: record is valid, its session is the server's alone */
	struct server_record record;
	struct process_log log;
	long uid; /* of the socket when OUTSIDE, -1 unknown */
};

/* The port of a URL on this machine; 0 when it names another machine or none. */
int instance_port(const char *base_url);
/* root as in process.h. */
void instance_find(const char *root, const char *base_url, struct instance *out);
/* Some process of it lives: cheap while its main process does. */
bool instance_alive(const char *root, const struct instance *i);
/* "port 8888 is held by pid 4711 (...), since 14:05:03", "... by a process outside of this container ...". */
char *instance_words(const struct instance *i, const char *base_url, char *out, size_t cap);

/* 0, or ERR_IO. */
int server_record_save(const struct server_record *r, struct err *e);
bool server_record_load(int port, struct server_record *r); /* false: none, or of other pids than today's */
void server_record_remove(int port);

#endif
