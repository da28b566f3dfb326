/* boardtable: the ranked rows of the simulated leaderboard.
 *
 * It starts with six invented teams at five concurrencies, at what the latency model gives for 256
 * tokens in and 128 out, times a factor of the team, so that a run of the demonstration finds its place
 * among them. Rank is by throughput within a concurrency. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "simtext.h"

static const struct {
	const char *name;
	double factor;
} TEAMS[] = {
        {"Wavefront Nine", 1.16},
        {"Silicon Otters", 1.07},
        {"L\xc3\xa9 Cache", 0.99},
        {"Tensor Bakery", 0.91},
        {"Kernel Panic Choir", 0.80},
        {"Half Precision", 0.67},
};
#define TEAM_COUNT (sizeof TEAMS / sizeof *TEAMS)

static const int CONCS[] = {4, 8, 16, 32, 64};
#define CONC_COUNT (sizeof CONCS / sizeof *CONCS)

static const char *const LABELS[14] = {
        "Team",
        "CONC",
        "Median E2E (ms)",
        "Throughput per GPU",
        "B200 Median E2E (ms)",
        "B200 Throughput per GPU",
        "E2E Ratio",
        "Throughput Ratio",
        "Interactivity",
        "B200 Interactivity",
        "Interactivity Ratio",
        "Bits per Byte",
        "Byte Perplexity",
        "Word Perplexity",
};

/* 14 columns are the first competition's; 12 and 13 end in one or two accuracy values, 11 have no
 * interactivity. */
const char *board_column(int index, int columns, char scratch[24])
{
	if (columns == 11 && index >= 8 && index < 11)
		return LABELS[index + 3];
	if (columns == 12 && index == 11)
		return "Accuracy";
	if (index < 14)
		return LABELS[index];
	snprintf(scratch, 24, "Column %d", index + 1);
	return scratch;
}

static void row_fill(struct board_row *row, size_t team, size_t at)
{
	int conc = CONCS[at];
	double luck = 0.96 + 0.08 * sim_unit(sim_mix(team * 31 + at + 5));
	double factor = TEAMS[team].factor * luck;
	double itl = (4.2 + 0.12 * conc) / factor;
	double e2e = 25 + 7.7 * (1 + conc / 4.0) + 127 * itl;
	double nominal = 25 + 7.7 * (1 + conc / 4.0) + 127 * (4.2 + 0.12 * conc);

	snprintf(row->team, sizeof row->team, "%s", TEAMS[team].name);
	row->conc = conc;
	row->e2e = round(e2e * 10) / 10;
	row->tput = round(conc * 384 / e2e / 8 * 1e6) / 1e3;
	row->e2e_ratio = round(e2e / nominal * 1e4) / 1e4;
	row->tput_ratio = round(nominal / e2e * 1e4) / 1e4;
	row->interactivity = round(1e6 / itl) / 1e3;
}

int board_table_init(struct board *board)
{
	board->rows = calloc(BOARD_ROWS, sizeof *board->rows);
	if (!board->rows)
		return -1;
	for (size_t team = 0; team < TEAM_COUNT; team++)
		for (size_t at = 0; at < CONC_COUNT; at++)
			row_fill(&board->rows[board->row_count++], team, at);
	/* an empty cell, which Gradio sends as a bare NaN */
	board->rows[board->row_count - 1].interactivity = NAN;
	board->first_rows = board->row_count;
	return 0;
}

void board_table_add(struct board *board, const struct board_row *row)
{
	size_t first = board->first_rows;

	if (board->row_count == BOARD_ROWS) {
		memmove(&board->rows[first], &board->rows[first + 1], (BOARD_ROWS - first - 1) * sizeof *board->rows);
		board->row_count--;
	}
	board->rows[board->row_count++] = *row;
}

static double number_at(const cJSON *values, int index)
{
	const cJSON *item = cJSON_GetArrayItem(values, index);

	return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

void board_table_read(struct board_row *row, const cJSON *values, int columns)
{
	const cJSON *team = cJSON_GetArrayItem(values, 0);

	snprintf(row->team, sizeof row->team, "%s", cJSON_IsString(team) ? team->valuestring : "");
	row->conc = number_at(values, 1);
	row->e2e = number_at(values, 2);
	row->tput = number_at(values, 3);
	row->e2e_ratio = number_at(values, 6);
	row->tput_ratio = number_at(values, 7);
	row->interactivity = columns >= 12 ? number_at(values, 8) : (double)NAN;
}

static int order_number(double a, double b)
{
	double x = isnan(a) ? -HUGE_VAL : a, y = isnan(b) ? -HUGE_VAL : b;

	return (x > y) - (x < y);
}

static int order_rows(const void *a, const void *b)
{
	const struct board_row *x = *(const struct board_row *const *)a, *y = *(const struct board_row *const *)b;
	int by_conc = order_number(x->conc, y->conc), by_tput = order_number(y->tput, x->tput);

	if (by_conc)
		return by_conc;
	return by_tput ? by_tput : (x > y) - (x < y);
}

static void write_row(struct buf *b, const struct board_row *row, unsigned rank, bool python)
{
	const double cells[] = {row->conc, row->e2e, row->tput, row->e2e_ratio, row->tput_ratio, row->interactivity};

	buf_format(b, "[%u, ", rank);
	buf_json_string(b, row->team, strlen(row->team), python);
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		buf_text(b, ", ");
		if (python || isfinite(cells[i]))
			buf_python_double(b, cells[i]);
		else
			buf_text(b, "null");
	}
	buf_text(b, "]");
}

void board_table_write(const struct board *board, struct buf *b, bool python)
{
	const struct board_row **order = calloc(board->row_count + 1, sizeof *order);
	unsigned rank = 0;

	if (!order) {
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < board->row_count; i++)
		order[i] = &board->rows[i];
	qsort(order, board->row_count, sizeof *order, order_rows);
	buf_text(b, "{\"headers\": [\"Rank\", \"Team\", \"CONC\", \"Median E2E (ms)\", \"Throughput per GPU\", "
	            "\"E2E Ratio\", \"Throughput Ratio\", \"Interactivity\"], \"data\": [");
	for (size_t i = 0; i < board->row_count; i++) {
		rank = i && order_number(order[i]->conc, order[i - 1]->conc) == 0 ? rank + 1 : 1;
		buf_text(b, i ? ", " : "");
		write_row(b, order[i], rank, python);
	}
	buf_text(b, "], \"metadata\": null}");
	free(order);
}
