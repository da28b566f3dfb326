#include "gradio_table.h"
#include "../base/json.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANK_MAX INT64_C(1000000)

/* {"value": X, "__type__": "update"} -> X; anything else is itself. */
static const cJSON *unwrap(const cJSON *value)
{
	const cJSON *inner = json_get(value, "value");
	return inner && strcmp(json_get_str(value, "__type__", ""), "update") == 0 ? inner : value;
}

static bool is_rows(const cJSON *rows)
{
	if (!cJSON_IsArray(rows))
		return false;
	const cJSON *row;
	cJSON_ArrayForEach(row, rows) if (!cJSON_IsArray(row)) return false;
	return true;
}

static bool contains(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

static bool is_rank_header(const char *text)
{
	while (*text == ' ')
		text++;
	return contains(text, "rank") || strcmp(text, "#") == 0 || strcasecmp(text, "place") == 0 ||
	       strcasecmp(text, "position") == 0 || strcasecmp(text, "pos") == 0;
}

static void find_columns(struct gradio_table *t)
{
	t->team = t->conc = t->rank = -1;
	int i = 0;
	const cJSON *header;
	cJSON_ArrayForEach(header, t->headers)
	{
		const char *text = cJSON_IsString(header) && header->valuestring ? header->valuestring : "";
		if (t->team < 0 && contains(text, "team"))
			t->team = i;
		else if (t->conc < 0 && contains(text, "conc"))
			t->conc = i;
		else if (t->rank < 0 && is_rank_header(text))
			t->rank = i;
		i++;
	}
}

bool gradio_table_read(struct gradio_table *t, const cJSON *value)
{
	value = unwrap(value);
	const cJSON *headers = json_get(value, "headers");
	t->headers = cJSON_IsArray(headers) ? headers : NULL;
	t->rows = cJSON_IsArray(value) ? value : json_get(value, "data");
	if (!is_rows(t->rows))
		return false;
	find_columns(t);
	return true;
}

static const char *trimmed(const char *s, size_t *len)
{
	while (isspace((unsigned char)*s))
		s++;
	*len = strlen(s);
	while (*len > 0 && isspace((unsigned char)s[*len - 1]))
		--*len;
	return s;
}

static bool is_team(const cJSON *cell, const char *team)
{
	if (!cJSON_IsString(cell) || !cell->valuestring)
		return false;
	size_t n, m;
	const char *a = trimmed(cell->valuestring, &n), *b = trimmed(team, &m);
	return n > 0 && n == m && memcmp(a, b, n) == 0;
}

/* A number, or a string that is one as a whole. */
static bool is_number(const cJSON *cell, int64_t want)
{
	if (cJSON_IsNumber(cell))
		return cell->valuedouble == (double)want;
	if (!cJSON_IsString(cell) || !cell->valuestring || !cell->valuestring[0])
		return false;
	char *end;
	double v = strtod(cell->valuestring, &end);
	while (isspace((unsigned char)*end))
		end++;
	return *end == '\0' && v == (double)want;
}

/* The cell of a known column, or any cell of the row when the table does not say which. */
static bool row_has_team(const struct gradio_table *t, const cJSON *row, const char *team)
{
	if (t->team >= 0)
		return is_team(cJSON_GetArrayItem(row, t->team), team);
	const cJSON *cell;
	cJSON_ArrayForEach(cell, row) if (is_team(cell, team)) return true;
	return false;
}

static bool row_has_conc(const struct gradio_table *t, const cJSON *row, int64_t conc)
{
	if (t->conc >= 0)
		return is_number(cJSON_GetArrayItem(row, t->conc), conc);
	const cJSON *cell;
	cJSON_ArrayForEach(cell, row) if (is_number(cell, conc)) return true;
	return false;
}

/* 1, "1", "#1", "1st", or a medal; -1 when it is no rank. */
static int64_t read_rank(const cJSON *cell)
{
	static const char *const medals[] = {"\xf0\x9f\xa5\x87", "\xf0\x9f\xa5\x88", "\xf0\x9f\xa5\x89"};
	if (cJSON_IsNumber(cell)) {
		double v = cell->valuedouble;
		return v >= 1 && v <= (double)RANK_MAX && v == floor(v) ? (int64_t)v : -1;
	}
	if (!cJSON_IsString(cell) || !cell->valuestring)
		return -1;
	const char *digit = strpbrk(cell->valuestring, "0123456789");
	if (digit) {
		long long v = strtoll(digit, NULL, 10);
		return v >= 1 && v <= RANK_MAX ? (int64_t)v : -1;
	}
	for (int i = 0; i < 3; i++)
		if (strstr(cell->valuestring, medals[i]))
			return i + 1;
	return -1;
}

int64_t gradio_table_rank(const struct gradio_table *t, const char *team, int64_t conc)
{
	int64_t best = -1, place = 0;
	const cJSON *row;
	cJSON_ArrayForEach(row, t->rows)
	{
		if (!row_has_conc(t, row, conc))
			continue;
		place++;
		if (!row_has_team(t, row, team))
			continue;
		int64_t rank = t->rank >= 0 ? read_rank(cJSON_GetArrayItem(row, t->rank)) : place;
		if (rank > 0 && (best < 0 || rank < best))
			best = rank;
	}
	return best;
}

int64_t gradio_outputs_rank(const cJSON *outputs, const char *team, int64_t conc)
{
	const cJSON *first = cJSON_IsArray(outputs) ? outputs->child : NULL;
	for (const cJSON *value = first; value; value = value->next) {
		struct gradio_table t;
		int64_t rank = gradio_table_read(&t, value) ? gradio_table_rank(&t, team, conc) : -1;
		if (rank > 0)
			return rank;
	}
	return -1;
}

const char *gradio_outputs_text(const cJSON *outputs)
{
	const cJSON *first = cJSON_IsArray(outputs) ? outputs->child : NULL;
	for (const cJSON *value = first; value; value = value->next) {
		const cJSON *inner = unwrap(value);
		if (cJSON_IsString(inner) && inner->valuestring && inner->valuestring[0])
			return inner->valuestring;
	}
	return NULL;
}
