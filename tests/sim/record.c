/* record: GET /sim/record tells what the simulator has seen, POST /sim/reset forgets it. */
#include "board.h"
#include "handlers.h"

void record_show(struct request *rq)
{
	const struct sim_record *record = &rq->sim->record;
	struct buf b = {0};
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
	        {"completions", record->completions},
	        {"generates", record->generates},
	        {"echoes", record->echoes},
	        {"health", record->health},
	        {"in_flight", record->in_flight},
	        {"in_flight_max", record->in_flight_max},
	        {"scoring_max", record->scoring_max},
	        {"connections", record->connections},
	        {"finished", record->finished},
	        {"aborted", record->aborted},
	        {"disconnected", record->disconnected},
	        {"prompt_tokens", record->prompt_tokens},
	        {"completion_tokens", record->completion_tokens},
	        {"faults", record->faults},
	};

	buf_text(&b, "{");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		buf_format(&b, "\"%s\":%llu,", fields[i].name, (unsigned long long)fields[i].value);
	board_record(rq->sim->board, &b);
	buf_text(&b, "}\n");
	http_reply(rq, 200, "application/json", &b);
}

void record_reset(struct request *rq)
{
	struct sim_record *record = &rq->sim->record;
	uint64_t in_flight = record->in_flight, scoring = record->scoring;

	*record = (struct sim_record){
	        .in_flight = in_flight, .in_flight_max = in_flight, .scoring = scoring, .scoring_max = scoring};
	board_reset(rq->sim->board);
	http_reply_text(rq, 200, "application/json", "{\"reset\":true}\n");
}
