/* A server that starts or stops: its marks and progress bars. */
#include "../base/text.h"
#include "logline.h"
#include "tail.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *mark;
	enum log_phase phase;
	const char *text; /* what the server does after this line, for the dashboard; NULL: says nothing new */
} marks[] = {
        {"+ python3 -m sglang.launch_server", LOGP_START, "starting"},
        {"server_args=ServerArgs(", LOGP_START, "starting"},
        {"Init torch distributed begin", LOGP_DIST, "connecting the ranks"},
        {"Init torch distributed ends", LOGP_DIST, NULL},
        {"Load weight begin", LOGP_WEIGHTS, "loading weights"},
        {"Load weight end", LOGP_WEIGHTS, "weights loaded"},
        {"KV Cache is allocated", LOGP_KV, "KV cache allocated"},
        {"Memory pool end", LOGP_KV, "memory pool ready"},
        {"Capture cuda graph begin", LOGP_GRAPHS, "capturing graphs"},
        {"Capture cuda graph bs [", LOGP_GRAPHS, NULL},
        {"Capture cuda graph end", LOGP_GRAPHS, "graphs captured"},
        {"max_total_num_tokens=", LOGP_SCHEDULER, "scheduler ready"},
        {"Started server process", LOGP_HTTP, "HTTP is coming up"},
        {"Waiting for application startup", LOGP_HTTP, NULL},
        {"Application startup complete", LOGP_WARMUP, "warming up"},
        {"Uvicorn running on ", LOGP_WARMUP, "warming up"},
        {"The server is fired up and ready to roll", LOGP_READY, NULL},
        /* vLLM */
        {"vLLM API server version", LOGP_START, "starting"},
        {"Starting to load model", LOGP_WEIGHTS, "loading weights"},
        {"Loading weights took", LOGP_WEIGHTS, "weights loaded"},
        {"GPU KV cache size: ", LOGP_KV, "KV cache allocated"},
        {"Graph capturing finished", LOGP_GRAPHS, "graphs captured"},
        {"Starting vLLM API server", LOGP_HTTP, "HTTP is coming up"},
        /* the way down */
        {"SIGTERM received.", LOGP_STOP, NULL},
        {"Gracefully exiting...", LOGP_STOP, NULL},
        {"Shutting down", LOGP_STOP, NULL},
        {"Waiting for application shutdown", LOGP_STOP, NULL},
        {"Application shutdown complete", LOGP_STOP, NULL},
        {"Finished server process", LOGP_STOP, NULL},
};
#define MARKS (sizeof marks / sizeof marks[0])

static const struct {
	const char *mark;
	enum log_phase phase;
} bars[] = {
        {"checkpoint shards:", LOGP_WEIGHTS},
        {"loading shards:", LOGP_WEIGHTS},
        {"Capturing batches", LOGP_GRAPHS},
        {"Capturing CUDA graph", LOGP_GRAPHS},
};

const char *logline_phase(enum log_phase p)
{
	static const char *const names[log_phase_count] = {"", "starting", "connecting the ranks", "loading weights",
	        "KV cache", "capturing graphs", "scheduler ready", "HTTP is coming up", "warming up", "ready",
	        "stopping"};
	return p < log_phase_count ? names[p] : "";
}

/* "…:  49% Completed | 40/82" or "…:   5%|▌" -> 49, 5; -1 when there is none. */
static int percent(const char *s)
{
	const char *sign = strchr(s, '%');
	if (!sign)
		return -1;
	const char *p = sign;
	while (p > s && isdigit((unsigned char)p[-1]) && sign - p < 3)
		p--;
	return p == sign ? -1 : atoi(p);
}

/* "| 40/82 [01:01<01:04,  1.53s/it]": the counts before the last bracket and the time that is left. */
static bool take_counts(const char *m, struct log_line *l)
{
	const char *pipe = strrchr(m, '|'), *slash, *open;
	if (!pipe || percent(m) < 0)
		return false;
	pipe += 1 + strspn(pipe + 1, " ");
	slash = pipe + strspn(pipe, "0123456789");
	open = *slash == '/' ? slash + 1 + strspn(slash + 1, "0123456789") : slash;
	if (slash == pipe || slash - pipe > 8 || *slash != '/' || open == slash + 1 || open - slash > 9 || *open != ' ')
		return false;
	l->done = atoi(pipe);
	l->total = atoi(slash + 1);
	l->bar = true;
	const char *left = strchr(open, '<');
	if (left && isdigit((unsigned char)left[1]))
		snprintf(l->left, sizeof l->left, "%.*s", (int)strspn(left + 1, "0123456789:"), left + 1);
	return true;
}

bool logline_progress(const char *m, struct log_line *l)
{
	if (take_counts(m, l)) {
		l->kind = LOG_PHASE;
		for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++)
			if (strstr(m, bars[i].mark))
				l->phase = bars[i].phase;
		return true;
	}
	for (size_t i = 0; i < MARKS; i++)
		if (strstr(m, marks[i].mark)) {
			l->kind = LOG_PHASE;
			l->phase = marks[i].phase;
			return true;
		}
	return false;
}

static bool startup_bar(const char *line, char *text, size_t cap)
{
	for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
		const char *bar = strstr(line, bars[i].mark);
		int done = bar ? percent(bar) : -1;
		if (done < 0)
			continue;
		snprintf(text, cap, "%s %d%%", logline_phase(bars[i].phase), done);
		return true;
	}
	return false;
}

static bool startup_build(const char *line, char *text, size_t cap)
{
	static const char begin[] = "start build [";
	const char *name = strstr(line, begin);
	const char *end = name ? strchr(name, ']') : NULL;
	if (!end)
		return false;
	name += sizeof begin - 1;
	snprintf(text, cap, "building %.*s", (int)(end - name < 64 ? end - name : 64), name);
	return true;
}

bool line_startup(const char *line, char *text, size_t cap)
{
	if (startup_bar(line, text, cap) || startup_build(line, text, cap))
		return true;
	for (size_t i = 0; i < MARKS; i++)
		if (marks[i].text && strstr(line, marks[i].mark)) {
			text_set(text, cap, marks[i].text);
			return true;
		}
	return false;
}
