#include "logword.h"
#include <pthread.h>
#include <stdint.h>
#include <string.h>

static const struct {
	unsigned group;
	const char *text;
} words[] = {
        {LOGWORD_NOISE, "Echo is not compatible with logprobs"},
        {LOGWORD_NOISE, "type hints mismatch, override to -->"},
        {LOGWORD_NOISE, "Ignore import error when loading"},
        {LOGWORD_NOISE, "[Gloo] Rank "},
        {LOGWORD_NOISE, "not found tuned config in"},
        {LOGWORD_NOISE, "NUMA balancing is enabled"},
        {LOGWORD_NOISE, "UserWarning"},
        {LOGWORD_NOISE, "FutureWarning"},
        {LOGWORD_NOISE, "DeprecationWarning"},
        {LOGWORD_NOISE, "' is deprecated and will be removed"},
        {LOGWORD_NOISE, "Endpoint '/get_model_info' is deprecated"},
        {LOGWORD_NOISE, "Failed to initialize QuickAllReduce"},
        {LOGWORD_NOISE, "Receive: obj="}, /* logged requests: a prompt may say anything */
        {LOGWORD_NOISE, "Finish: obj="},
        {LOGWORD_NOISE, "server_args=ServerArgs("},
        {LOGWORD_FATAL, "Scheduler hit an exception:"},
        {LOGWORD_FATAL, "TokenizerManager hit an exception:"},
        {LOGWORD_FATAL, "DetokenizerManager hit an exception:"},
        {LOGWORD_FATAL, "Received sigquit from a child process"},
        {LOGWORD_FATAL, "SIGQUIT received."},
        {LOGWORD_FATAL, "Initialization failed."},
        {LOGWORD_FATAL, "Watchdog timeout ("},
        {LOGWORD_FATAL, "Not enough memory. Please try to increase --mem-fraction-static"},
        {LOGWORD_FATAL, "HIP out of memory"},
        {LOGWORD_FATAL, "Memory access fault by GPU node-"},
        {LOGWORD_FATAL, "address already in use"},
        {LOGWORD_FATAL, "Fatal Python error: "},
        /* vLLM */
        {LOGWORD_FATAL, "Engine core initialization failed"},
        {LOGWORD_FATAL, "EngineCore encountered a fatal error"},
        {LOGWORD_FATAL, "EngineCore failed to start"},
        {LOGWORD_FATAL, "EngineDeadError"},
        {LOGWORD_BAD, "Traceback (most recent call last):"},
        {LOGWORD_BAD, "Prefill out of memory"},
        {LOGWORD_BAD, "Decode out of memory"},
        {LOGWORD_BAD, "Segmentation fault"},
        {LOGWORD_DOUBT, "Health check failed."},
        {LOGWORD_DOUBT, "KV cache pool is full. Retract requests."},
        {LOGWORD_DOUBT, "Error in request: "},
        {LOGWORD_DOUBT, "[http_server] Error: "},
        {LOGWORD_DOUBT, "The memory capacity is unbalanced."},
        {LOGWORD_DOUBT, "Cache not flushed because there are pending requests"},
        {LOGWORD_DOUBT, "SIGTERM received."},
        {LOGWORD_EXCEPTION, "Error: "},
        {LOGWORD_EXCEPTION, "Exception: "},
        {LOGWORD_DEAD, " scheduler is dead"},
        {LOGWORD_STATUS_5, " HTTP/1.1\" 5"},
};

#define WORDS   (sizeof words / sizeof words[0])
#define STATES  1600 /* more than all letters of all words; checked when built */
#define CLASSES 64   /* different letters, 0 = all others */

static struct {
	uint8_t class_of[256];
	uint8_t found[STATES]; /* groups whose word ends here */
	uint16_t next[STATES][CLASSES];
	unsigned n_states, n_classes;
} machine;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static unsigned class_of(unsigned char c)
{
	if (!machine.class_of[c] && machine.n_classes < CLASSES - 1)
		machine.class_of[c] = (uint8_t)++machine.n_classes;
	return machine.class_of[c];
}

static void add_word(const char *text, unsigned group)
{
	unsigned state = 0;
	for (const char *p = text; *p; p++) {
		uint16_t *to = &machine.next[state][class_of((unsigned char)*p)];
		if (!*to) {
			if (machine.n_states == STATES)
				return; /* a test counts that every word is found */
			*to = (uint16_t)machine.n_states++;
		}
		state = *to;
	}
	machine.found[state] |= (uint8_t)group;
}

/* Breadth first: where a state has no way on, it goes where its longest suffix would. */
static void build(void)
{
	static uint16_t queue[STATES], suffix[STATES];
	size_t head = 0, tail = 0;
	machine.n_states = 1;
	for (size_t i = 0; i < WORDS; i++)
		add_word(words[i].text, words[i].group);
	for (unsigned c = 0; c < CLASSES; c++)
		if (machine.next[0][c])
			queue[tail++] = machine.next[0][c];
	while (head < tail) {
		unsigned state = queue[head++], back = suffix[state];
		machine.found[state] |= machine.found[back];
		for (unsigned c = 0; c < CLASSES; c++) {
			uint16_t *to = &machine.next[state][c];
			if (*to) {
				suffix[*to] = machine.next[back][c];
				queue[tail++] = *to;
			} else {
				*to = machine.next[back][c];
			}
		}
	}
}

unsigned logword_find(const char *s, size_t len)
{
	unsigned state = 0, mask = 0;
	pthread_once(&once, build);
	for (size_t i = 0; i < len; i++) {
		state = machine.next[state][machine.class_of[(unsigned char)s[i]]];
		mask |= machine.found[state];
		if (mask & LOGWORD_NOISE)
			return LOGWORD_NOISE;
	}
	return mask;
}
