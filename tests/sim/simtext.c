/* simtext: tokenizer, log probabilities and slices of the demonstration corpus (see simtext.h). */
#include "simtext.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

double sim_unit(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}

static uint64_t bytes_hash(const char *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3u;
	return hash;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0u) == 0x80u;
}

/* Length of the piece at `offset`: at least the wanted bytes, then to the end of the character. */
static size_t piece_length(const char *text, size_t len, size_t offset, size_t index)
{
	size_t want = 4 + (index & 1);
	size_t end = offset + want;

	if (end >= len)
		return len - offset;
	for (int extra = 0; extra < 3 && end < len && is_continuation(text[end]); extra++)
		end++;
	return end - offset;
}

static double hash_logprob(uint64_t hash, size_t bytes, double bpb)
{
	return -(M_LN2 * bpb * (double)bytes) * (0.5 + sim_unit(hash));
}

bool sim_next_piece(const char *text, size_t len, double bpb, struct sim_cursor *at, struct sim_piece *out)
{
	uint64_t hash;

	if (at->offset >= len)
		return false;
	out->offset = at->offset;
	out->bytes = piece_length(text, len, at->offset, at->index);
	hash = bytes_hash(text + at->offset, out->bytes);
	out->id = (uint32_t)(1 + hash % (SIM_VOCABULARY - 1));
	out->logprob = hash_logprob(sim_mix(hash ^ sim_mix(at->index)), out->bytes, bpb);
	at->offset += out->bytes;
	at->index++;
	return true;
}

size_t sim_count_tokens(const char *text, size_t len)
{
	size_t index = 0;

	for (size_t offset = 0; offset < len; index++)
		offset += piece_length(text, len, offset, index);
	return index + 1;
}

double sim_id_logprob(uint32_t id, size_t index, double bpb)
{
	return hash_logprob(sim_mix(sim_mix(id) ^ index), 4 + (index & 1), bpb);
}

double sim_document_ll(const char *text, size_t len, double bpb, size_t *n_tokens)
{
	struct sim_cursor at = {0, 0};
	struct sim_piece piece;
	double sum = 0;

	while (sim_next_piece(text, len, bpb, &at, &piece))
		sum += piece.logprob;
	if (n_tokens)
		*n_tokens = at.index + 1;
	return sum;
}

/* Rows one after another: `separator` between them, `blank` in place of an empty one. */
static char *join_rows(const char *separator, const char *blank, size_t *len)
{
	size_t count = sim_demo_row_count(), total = 0, at = 0;
	char *text;

	for (size_t i = 0; i < count; i++)
		total += strlen(sim_demo_row(i)) + strlen(separator) + strlen(blank);
	text = malloc(total + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *row = sim_demo_row(i);
		const char *parts[2] = {i ? separator : "", *row ? row : blank};

		for (int part = 0; part < 2; part++) {
			size_t n = strlen(parts[part]);

			memcpy(text + at, parts[part], n);
			at += n;
		}
	}
	text[at] = '\0';
	*len = at;
	return text;
}

char *sim_demo_raw(size_t *len)
{
	return join_rows("", " \n", len);
}

char *sim_demo_joined(size_t *len)
{
	return join_rows("\n\n", "", len);
}

/* Where chunk `index` ends: an even share, moved to the next space except for each third cut, which
 * may fall inside a word but never inside a character. */
static size_t chunk_end(const char *joined, size_t len, size_t index)
{
	size_t end = len * (index + 1) / SIM_DEMO_CHUNKS;

	if (index + 1 == SIM_DEMO_CHUNKS)
		return len;
	if (index % 3 != 2)
		while (end < len && joined[end] != ' ')
			end++;
	while (end < len && is_continuation(joined[end]))
		end++;
	return end;
}

void sim_demo_chunks(const char *joined, size_t len, struct sim_demo_chunk out[SIM_DEMO_CHUNKS])
{
	size_t at = 0;

	for (size_t i = 0; i < SIM_DEMO_CHUNKS; i++) {
		size_t end = chunk_end(joined, len, i);

		out[i].gap = at < len && joined[at] == ' ' ? 1 : 0;
		at += out[i].gap;
		out[i].bytes = end - at;
		out[i].words = (out[i].bytes * 10 + 19) / 38;
		at = end;
	}
}
