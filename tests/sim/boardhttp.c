/* boardhttp: Gradio's plain routes: what the app is (/config, /info) and the calls that queue a job. */
#include <string.h>

#include "board.h"
#include "handlers.h"

static const char *const FUNCTION_NAMES[BOARD_FUNCTIONS] = {"refresh_board", "submit_results"};

static const char TRACEBACK[] =
        "Traceback (most recent call last):\n"
        "  File \"/usr/local/lib/python3.10/site-packages/gradio/routes.py\", line 988, in simple_predict_post\n"
        "    fn = route_utils.get_fn(app.get_blocks(), api_name=api_name, body=body)\n"
        "gradio.exceptions.InvalidApiNameError: Cannot find a function with that name\n";

static const char CRASH[] =
        "Traceback (most recent call last):\n"
        "  File \"/usr/local/lib/python3.10/site-packages/uvicorn/protocols/http/h11_impl.py\", line 403, in run_asgi\n"
        "    result = await app(self.scope, self.receive, self.send)\n"
        "OSError: [Errno 28] No space left on device\n";

/* ---- a sleeping Space ---- */

void board_reply_asleep(struct request *rq)
{
	http_reply_text(rq, 503, "text/html; charset=utf-8",
	        "<!DOCTYPE html>\n<html><head><title>Space is "
	        "sleeping</title></head><body><h1>This Space is sleeping</h1><p>Restart it from its page.</p>"
	        "</body></html>\n");
}

bool board_asleep(struct request *rq)
{
	if (!faults_steady(&rq->sim->faults, FAULT_BOARD_ASLEEP, clock_now()))
		return false;
	board_reply_asleep(rq);
	return true;
}

void board_space(struct request *rq)
{
	bool asleep = faults_steady(&rq->sim->faults, FAULT_BOARD_ASLEEP, clock_now());
	struct buf b = {0};

	buf_text(&b, "{\"_id\":\"0\",\"id\":");
	buf_json_string(&b, rq->tail, strlen(rq->tail), true);
	buf_format(&b, ",\"sdk\":\"gradio\",\"subdomain\":");
	buf_json_string(&b, rq->tail, strlen(rq->tail), true);
	buf_format(&b,
	        ",\"runtime\":{\"stage\":\"%s\",\"hardware\":{\"current\":\"cpu-basic\","
	        "\"requested\":\"cpu-basic\"}}}",
	        asleep ? "SLEEPING" : "RUNNING");
	http_reply(rq, 200, "application/json; charset=utf-8", &b);
}

/* ---- what the app is ---- */

static void write_components(struct buf *b, const struct board *board)
{
	int columns = board->sim->opt.columns;
	char scratch[24];

	for (int i = 0; i < columns; i++) {
		const char *label = board_column(i, columns, scratch);

		buf_format(b, "{\"id\":%d,\"type\":\"%s\",\"props\":{\"label\":\"%s\",\"value\":null}},", i + 1,
		        i ? "number" : "textbox", label);
	}
	buf_format(b,
	        "{\"id\":%d,\"type\":\"button\",\"props\":{\"value\":\"Submit\"}},"
	        "{\"id\":%d,\"type\":\"textbox\",\"props\":{\"label\":\"Status\",\"value\":null}},"
	        "{\"id\":%d,\"type\":\"dataframe\",\"props\":{\"label\":\"Leaderboard\",\"headers\":[\"Rank\","
	        "\"Team\",\"CONC\",\"Median E2E (ms)\",\"Throughput per GPU\",\"E2E Ratio\","
	        "\"Throughput Ratio\",\"Interactivity\"],\"value\":",
	        columns + 1, columns + 2, columns + 3);
	buf_text(b, "{\"headers\":[\"Rank\"],\"data\":[],\"metadata\":null}}}");
}

static void write_dependencies(struct buf *b, int columns)
{
	buf_format(b,
	        "{\"id\":%d,\"targets\":[[0,\"load\"]],\"inputs\":[],\"outputs\":[%d],\"backend_fn\":true,"
	        "\"queue\":true,\"api_name\":\"refresh_board\",\"show_api\":true,\"types\":{\"generator\":false,"
	        "\"cancel\":false}},",
	        BOARD_REFRESH, columns + 3);
	buf_format(b, "{\"id\":%d,\"targets\":[[%d,\"click\"]],\"inputs\":[", BOARD_SUBMIT, columns + 1);
	for (int i = 0; i < columns; i++)
		buf_format(b, "%s%d", i ? "," : "", i + 1);
	buf_format(b,
	        "],\"outputs\":[%d,%d],\"backend_fn\":true,\"queue\":true,\"api_name\":\"submit_results\","
	        "\"show_api\":true,\"types\":{\"generator\":false,\"cancel\":false}}",
	        columns + 2, columns + 3);
}

void board_config(struct request *rq)
{
	const struct board *board = rq->sim->board;
	const char *prefix = rq->sim->opt.prefix;
	struct buf b = {0};

	buf_text(&b, "{\"version\":\"5.49.1\",\"api_prefix\":");
	buf_json_string(&b, prefix, strlen(prefix), true);
	buf_text(&b, ",\"mode\":\"blocks\",\"app_id\":1,\"dev_mode\":false,\"protocol\":\"sse_v3\","
	             "\"title\":\"Simulated leaderboard\",\"is_space\":true,\"space_id\":\"sim/leaderboard\","
	             "\"username\":null,\"enable_queue\":true,\"components\":[");
	write_components(&b, board);
	buf_text(&b, "],\"dependencies\":[");
	write_dependencies(&b, rq->sim->opt.columns);
	buf_text(&b, "]}");
	http_reply(rq, 200, "application/json", &b);
}

static void write_parameter(struct buf *b, int index, int columns)
{
	char scratch[24];

	buf_format(b,
	        "%s{\"label\":\"%s\",\"parameter_name\":\"value_%d\",\"parameter_has_default\":false,"
	        "\"parameter_default\":null,\"type\":{\"type\":\"%s\"},\"python_type\":{\"type\":\"%s\","
	        "\"description\":\"\"},\"component\":\"%s\",\"example_input\":%s}",
	        index ? "," : "", board_column(index, columns, scratch), index, index ? "number" : "string",
	        index ? "float" : "str", index ? "Number" : "Textbox", index ? "3" : "\"Hello!!\"");
}

void board_info(struct request *rq)
{
	static const char table[] =
	        "{\"label\":\"Leaderboard\",\"type\":{\"properties\":{\"headers\":{\"items\":{},"
	        "\"type\":\"array\"},\"data\":{\"items\":{\"items\":{},\"type\":\"array\"},\"type\":\"array\"},"
	        "\"metadata\":{\"anyOf\":[{\"type\":\"object\"},{\"type\":\"null\"}]}},\"type\":\"object\"},"
	        "\"python_type\":{\"type\":\"dict\",\"description\":\"\"},\"component\":\"Dataframe\"}";
	int columns = rq->sim->opt.columns;
	struct buf b = {0};

	buf_format(&b,
	        "{\"named_endpoints\":{\"/refresh_board\":{\"parameters\":[],\"returns\":[%s],"
	        "\"show_api\":true},\"/submit_results\":{\"parameters\":[",
	        table);
	for (int i = 0; i < columns; i++)
		write_parameter(&b, i, columns);
	buf_format(&b,
	        "],\"returns\":[{\"label\":\"Status\",\"type\":{\"type\":\"string\"},\"python_type\":"
	        "{\"type\":\"str\",\"description\":\"\"},\"component\":\"Textbox\"},%s],\"show_api\":true}},"
	        "\"unnamed_endpoints\":{}}",
	        table);
	http_reply(rq, 200, "application/json", &b);
}

void board_queue_status(struct request *rq)
{
	struct buf b = {0};

	buf_format(&b,
	        "{\"msg\":\"estimation\",\"event_id\":null,\"rank\":null,\"queue_size\":%u,"
	        "\"rank_eta\":null}",
	        board_queue_size(rq->sim->board));
	http_reply(rq, 200, "application/json", &b);
}

/* ---- calls ---- */

/* The body with its `data` list, or NULL after a 422 in FastAPI's words. */
static cJSON *call_body(struct request *rq, const cJSON **values)
{
	cJSON *json = rq->body.len ? cJSON_ParseWithLength(rq->body.data, rq->body.len) : NULL;

	*values = cJSON_GetObjectItemCaseSensitive(json, "data");
	if (cJSON_IsArray(*values))
		return json;
	if (json)
		http_reply_text(rq, 422, "application/json",
		        "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\","
		        "\"data\"],\"msg\":\"Field required\",\"input\":{}}]}");
	else
		http_reply_text(rq, 422, "application/json",
		        "{\"detail\":[{\"type\":\"json_invalid\",\"loc\":"
		        "[\"body\",0],\"msg\":\"JSON decode error\",\"input\":{},\"ctx\":{\"error\":"
		        "\"Expecting value\"}}]}");
	cJSON_Delete(json);
	return NULL;
}

/* True if a fault answered in place of the app. */
static bool submit_fault(struct request *rq, uint32_t faults)
{
	struct buf b = {0};

	rq->sim->record.faults += faults != 0;
	if (faults & FAULT_BIT(BOARD_ASLEEP)) {
		board_reply_asleep(rq);
	} else if (faults & FAULT_BIT(BOARD_HTTP429)) {
		buf_text(&b, "{\"error\":\"Too many requests\"}");
		http_reply_header(rq, 429, "application/json", &b, "Retry-After", "2");
	} else if (faults & FAULT_BIT(BOARD_HTTP500)) {
		http_reply_text(rq, 500, "text/plain; charset=utf-8", CRASH);
	} else {
		return false;
	}
	return true;
}

/* Queues the job and answers its event id. */
static void take_call(struct request *rq, enum board_function function, const cJSON *values, const char *session)
{
	struct sim *sim = rq->sim;
	uint32_t faults = function == BOARD_SUBMIT ? faults_draw(&sim->faults, CLASS_BOARD, clock_now()) : 0;
	struct buf b = {0};

	if (submit_fault(rq, faults))
		return;
	buf_format(&b, "{\"event_id\":\"%s\"}", board_event_new(sim->board, function, values, session, faults)->id);
	http_reply(rq, 200, "application/json", &b);
}

void board_call_post(struct request *rq)
{
	const cJSON *values;
	cJSON *json = call_body(rq, &values);
	int function = 0;

	if (!json)
		return;
	while (function < BOARD_FUNCTIONS && strcmp(rq->tail, FUNCTION_NAMES[function]))
		function++;
	if (function == BOARD_FUNCTIONS)
		http_reply_text(rq, 500, "text/plain; charset=utf-8", TRACEBACK);
	else
		take_call(rq, (enum board_function)function, values, "");
	cJSON_Delete(json);
}

void board_queue_join(struct request *rq)
{
	const cJSON *values;
	cJSON *json = call_body(rq, &values);
	const cJSON *index = cJSON_GetObjectItemCaseSensitive(json, "fn_index");
	const cJSON *session = cJSON_GetObjectItemCaseSensitive(json, "session_hash");

	if (!json)
		return;
	if (!cJSON_IsString(session) || !session->valuestring[0] || strlen(session->valuestring) > 64)
		http_reply_detail(rq, 400, "Session hash not found.");
	else if (!cJSON_IsNumber(index) || index->valueint < 0 || index->valueint >= BOARD_FUNCTIONS)
		http_reply_text(rq, 500, "text/plain; charset=utf-8", TRACEBACK);
	else
		take_call(rq, (enum board_function)index->valueint, values, session->valuestring);
	cJSON_Delete(json);
}
