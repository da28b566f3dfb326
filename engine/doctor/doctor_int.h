/* The checks, topic by topic. Internal to engine/doctor; called by doctor.c in threads of their own, and by tests. */
#ifndef BENCHTOP_DOCTOR_INT_H
#define BENCHTOP_DOCTOR_INT_H
#include "doctor.h"

/* which: of several of a kind (boards), else 0 */
typedef void doctor_fn(const struct doctor_scene *s, struct doctor_report *r, int which);

doctor_fn doctor_settings; /* variables against the track's rules, proxies */
doctor_fn doctor_server;   /* is it ready, what does it serve, its log, its launch script */
doctor_fn doctor_code;     /* which sglang and aiter it runs */
doctor_fn doctor_corpus;
doctor_fn doctor_prompts;
doctor_fn doctor_board; /* one of doctor_boards; with none: what that means */
doctor_fn doctor_results;
doctor_fn doctor_cache;
doctor_fn doctor_machine; /* CPU, memory, open files, clock */
doctor_fn doctor_gpu;

/* The boards that a submission would go to, each once, at most cap. 0 while nobody is set to post. */
int doctor_boards(const struct doctor_scene *s, const char *out[], int cap);
/* An environment variable; NULL when it is unset or empty. */
const char *doctor_env(const struct doctor_scene *s, const char *name);
/* The first line of ROOT/name without its end; false when it cannot be read. */
bool doctor_line(const char *root, const char *name, char *out, size_t cap);
/* The highest CONC that the track or the settings ask for. */
int doctor_conc(const struct doctor_scene *s);
/* The run was told to end the waiting. */
bool doctor_late(const struct doctor_scene *s);
/* dir, or what of the way to it is there already. False when nothing is. */
bool doctor_existing(const char *dir, char *out, size_t cap);

#endif
