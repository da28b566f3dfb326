/* Waiting for the GPUs' memory to come back after a server has ended: the driver frees it late, and a server that is started
 * before runs out of it.
 *
 * Begun before the server is told to stop, so that what it held is known. The cards are read as gpu.h does it: one whose
 * file blocks, or that does not tell, is not waited for (a few seconds, when it told before). Without GPUs, or with files that cannot be read, there is nothing
 * to wait for. Used by control_stop in a thread that has time for it.
 */
#ifndef BENCHTOP_VRAM_H
#define BENCHTOP_VRAM_H
#include "../base/cancel.h"
#include "gpu.h"

struct vram_card {   /* GiB, NaN = does not tell */
	double held; /* before the end */
	double now, total;
	double mark; /* where it stood when it last moved */
	int64_t moved_ns, told_ns;
};

struct vram {
	struct gpu *gpu; /* NULL = nothing to wait for */
	struct gpu_place place[GPU_CARDS];
	struct vram_card card[GPU_CARDS];
	int n;
	int64_t rounds;
};

/* Takes a second at most. sysfs as in gpu_start. */
void vram_begin(struct vram *v, const char *sysfs);
/* Until every card's memory is nearly all free, or has fallen and falls no more; cards that never moved are not the server's
 * once as many as it used (tp) are free. 0; 1 when limit_ms are over before; ERR_CANCELLED at CANCEL_NOW. `still` gets which
 * card holds how much, empty when none does. */
int vram_wait(struct vram *v, int tp, int64_t limit_ms, struct cancel *cancel, char *still, size_t cap);
/* Cards that held memory and do not tell any more (vanished, reset, their file hangs): nobody knows whether it is free. Their
 * number, and words for the first into out. */
int vram_mute(const struct vram *v, char *out, size_t cap);
void vram_end(struct vram *v);

#endif
