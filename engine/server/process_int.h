/* Walking /proc, shared by the files of this directory that read more of it than process.h gives. */
#ifndef BENCHTOP_PROCESS_INT_H
#define BENCHTOP_PROCESS_INT_H
#include "process.h"

/* Up to cap - 1 bytes of ROOT/PID/NAME (pid 0: ROOT/NAME) and a NUL. -1 when it cannot be read. */
ssize_t process_file(const char *root, pid_t pid, const char *name, char *out, size_t cap);
/* Every process, every descriptor of one: calls each() until it returns false. */
void process_each(const char *root, bool (*each)(void *ctx, pid_t pid), void *ctx);
void process_each_fd(const char *root, pid_t pid, bool (*each)(void *ctx, const char *fd, const char *link), void *ctx);

#endif
