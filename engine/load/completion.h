/* One streamed completion: what each event means and what the request came to.
 *
 * completion_scan is a bounded scan of one event (no full parse): tests hold it against cJSON. Rules (facts, reference
 * client section 3, with our strictness): an event with non-empty `choices` is a token event, whatever its text; a
 * non-null `usage` object gives completion_tokens and prompt_tokens, also inside a choices event (lenient); an `error`
 * member or an "object":"error" fails the request; "[DONE]" is ignored, the body's end ends the request.
 */
#ifndef BENCHTOP_COMPLETION_H
#define BENCHTOP_COMPLETION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum completion_error {
	COMPLETION_OK = 0,
	COMPLETION_CONNECT,  /* no connection */
	COMPLETION_HTTP,     /* status other than 200 */
	COMPLETION_CUT,      /* body cut, connection lost, timed out */
	COMPLETION_PROTOCOL, /* error object, line that is no JSON object, no token event at all, line too long */
	COMPLETION_USAGE,    /* no usage, or fewer tokens than asked for */
	COMPLETION_STOPPED,  /* aborted by the user: counts neither as completed nor failed */
};
const char *completion_error_word(enum completion_error e);

struct completion_event {
	bool token;                               /* choices non-empty */
	bool usage;                               /* a usage object with completion_tokens */
	bool error;                               /* an error object */
	bool malformed;                           /* not a JSON object */
	int64_t prompt_tokens, completion_tokens; /* -1 absent */
	const char *message; /* error message inside the payload (raw JSON string bytes), NULL none */
	size_t message_len;
};

/* payload[0..len): one event's JSON. O(len), never reads beyond. */
void completion_scan(const char *payload, size_t len, struct completion_event *out);

#endif
