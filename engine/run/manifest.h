/* run.json read back: the settings and the plan of a run exactly as they were, and what it was measured against.
 *
 * For a resume. The writer is manifest.c; secrets are in neither. Large: on the heap or static.
 */
#ifndef BENCHTOP_MANIFEST_H
#define BENCHTOP_MANIFEST_H
#include "rundir.h"

#define MANIFEST_NAME  "run.json"
#define MANIFEST_TREES 8

struct manifest {
	char run[128];            /* name of the run */
	char version[32];         /* benchtop's */
	struct settings settings; /* results_dir as it was */
	struct plan plan;
	char track[64], track_source[512], track_sha256[65];
	/* the server as it was found; empty, 0: unknown */
	char server_model[160], server_version[48];
	int64_t server_started_wall_ns; /* to the microsecond */
	struct {
		char name[16], commit[72];
		enum code_dirty dirty;
		int64_t files; /* -1 unknown */
	} tree[MANIFEST_TREES];
	int n_trees;
};

/* From DIR/run.json. ERR_USAGE when there is none or it is no manifest of a run, ERR_IO when it cannot be read. */
int manifest_read(struct manifest *m, const char *dir, struct err *e);
/* From its text. ERR_PROTO: what is missing or out of range. */
int manifest_parse(struct manifest *m, const char *text, size_t len, struct err *e);
/* As rundir_manifest, into a file of its own. */
int manifest_write(const char *path, const struct rundir *d, const struct settings *s, const struct track *t,
        const struct plan *p, const struct ev_server_seen *server, int64_t wall_ns, struct err *e);

#endif
