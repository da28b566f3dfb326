/* handlers: what route.c can call, one line a path. Each follows the contract of http.h. */
#ifndef BENCHTOP_SIM_HANDLERS_H
#define BENCHTOP_SIM_HANDLERS_H

#include "http.h"

/* generate.c */
request_handler generate_handle;

/* status.c: SGLang's endpoints about itself */
request_handler status_health, status_models, status_model_info, status_server_info;
request_handler status_load, status_metrics, status_flush_cache, status_abort;

/* rows.c: the dataset hub */
request_handler rows_handle;

/* board*.c: Gradio */
request_handler board_config, board_info, board_call_post, board_call_get;
request_handler board_queue_join, board_queue_data, board_queue_status, board_space;

/* record.c */
request_handler record_show, record_reset;

#endif
