#include "manpage.h"
#include "../engine/base/text.h"
#include "keys.h"
#include "options_int.h"
#include <stdio.h>
#include <string.h>

/* Text for troff: nothing in it is a request, a minus stays one, and what is not ASCII is named. */
static void add_text(struct buf *b, const char *s)
{
	size_t len = strlen(s);
	bool start = true;
	while (len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(s, len, &cp);
		if (start && (cp == '.' || cp == '\''))
			buf_adds(b, "\\&");
		if (cp == '\\')
			buf_adds(b, "\\e");
		else if (cp == '-')
			buf_adds(b, "\\-");
		else if (cp == '\'')
			buf_adds(b, "\\(aq");
		else if (cp == '^' || cp == '~' || cp == '`')
			buf_adds(b, cp == '^' ? "\\(ha" : cp == '~' ? "\\(ti" : "\\(ga");
		else if (cp == 0x2026)
			buf_adds(b, "...");
		else if (cp > 0x7e)
			buf_printf(b, "\\[u%04X]", (unsigned)cp);
		else
			buf_addc(b, (char)cp);
		start = cp == '\n';
		s += n;
		len -= n;
	}
}

static void add_section(struct buf *b, const char *title)
{
	buf_printf(b, ".SH %s\n", title);
}

static void add_paragraph(struct buf *b, const char *text)
{
	buf_adds(b, ".PP\n");
	add_text(b, text);
	buf_adds(b, "\n");
}

/* "name" in bold, and what it is. */
static void add_item(struct buf *b, const char *name, const char *help)
{
	buf_adds(b, ".TP\n\\fB");
	add_text(b, name);
	buf_adds(b, "\\fR\n");
	add_text(b, help);
	buf_adds(b, "\n");
}

static void add_commands(struct buf *b)
{
	char name[80];
	add_section(b, "COMMANDS");
	for (int cmd = 0; cmd < CLI_count; cmd++) {
		const struct command_row *row = &command_rows[cmd];
		if (!row->built)
			continue;
		snprintf(name, sizeof name, "benchtop%s%s%s%s", row->word[0] ? " " : "", row->word,
		        row->arguments[0] ? " " : "", row->arguments);
		add_item(b, name, row->help);
	}
	add_paragraph(b,
	        "acc, perf and submit run one configuration, that of the environment; with -isl N -osl N they run "
	        "all CONCs of the pair. Called as dsr1_benchmark, no command means acc.");
}

static void add_options(struct buf *b)
{
	char left[80];
	add_section(b, "OPTIONS");
	add_paragraph(b,
	        "They stand before or behind the command, as --name VALUE or --name=VALUE; benchtop help COMMAND "
	        "lists those of one command.");
	for (int id = 0; id < OPT_count; id++)
		if (option_is_listed((enum option_id)id))
			add_item(b, option_left((enum option_id)id, left, sizeof left), option_rows[id].help);
}

static void add_keys(struct buf *b)
{
	char place[80], before[80] = "", name[ACTION_KEYS + 48];
	add_section(b, "KEYS");
	add_paragraph(b,
	        "Every key can be changed in the configuration, by the name in parentheses. The key ? lists those "
	        "of the screen one is on.");
	for (int i = 0; i < ACTION_count; i++) {
		const struct action *a = action_at(i);
		keys_place(a, place, sizeof place);
		if (strcmp(place, before) != 0)
			buf_printf(b, ".SS \"%c%s\"\n", place[0] - 'a' + 'A', place + 1);
		text_set(before, sizeof before, place);
		snprintf(name, sizeof name, "%s  (%s)", action_default_keys(i), a->name);
		add_item(b, name, a->help);
	}
}

static void add_configuration(struct buf *b)
{
	add_section(b, "CONFIGURATION");
	add_paragraph(b,
	        "Arguments go before the environment, the environment before ./benchtop.conf, and that before "
	        "$XDG_CONFIG_HOME/benchtop/config (~/.config/benchtop/config). A line is name = value, # begins a "
	        "comment. Names are these long options, and key.ACTION = KEY [KEY ...]:");
	buf_adds(b, ".PP\n");
	bool first = true;
	for (int id = 0; id < OPT_count; id++)
		if (option_in_config((enum option_id)id)) {
			buf_adds(b, first ? "" : ",\n");
			add_text(b, option_rows[id].name);
			first = false;
		}
	buf_adds(b, ".\n");
	add_paragraph(b,
	        "A start is benchtop --default-config > benchtop.conf, which explains each of them. Secrets are "
	        "refused there.");
}

static void add_files(struct buf *b)
{
	static const struct named_help files[] = {
	        {"batch_isl…_osl…_TIME/, sweep_TIME/, single_…/",
	                "a run: results, summary.txt, run.json, events.jsonl"},
	        {"$RESULT_FILENAME.json", "result of the one configuration of the environment"},
	        {"./benchtop.conf, ~/.config/benchtop/config", "configuration"},
	        {"~/.cache/benchtop/wiki.test.raw", "the accuracy text, once fetched"},
	        {NULL, NULL},
	};
	add_section(b, "FILES");
	for (const struct named_help *f = files; f->name; f++)
		add_item(b, f->name, f->help);
}

int manpage_text(struct buf *b)
{
	buf_printf(b,
	        ".\\\" Made by benchtop --man of its tables of commands, options and actions.\n"
	        ".TH BENCHTOP 1 \"\" \"benchtop %s\" \"User Commands\"\n.nh\n.ad l\n",
	        BENCHTOP_VERSION);
	add_section(b, "NAME");
	buf_adds(b, "benchtop \\- dashboard and benchmark for LLM serving\n");
	add_section(b, "SYNOPSIS");
	buf_adds(b, ".B benchtop\n[\\fICOMMAND\\fR [\\fIARGUMENT\\fR ...]] [\\fIOPTION\\fR ...]\n");
	add_section(b, "DESCRIPTION");
	add_paragraph(b,
	        "One terminal window to watch an LLM server, to gate on accuracy, to sweep load over concurrency "
	        "with every number against a reference while it is measured, and to post to the leaderboard. "
	        "Without a command it opens the dashboard; acc, perf and submit run without a screen and take "
	        "the place of dsr1_benchmark: same arguments, environment and files.");
	add_commands(b);
	add_options(b);
	add_keys(b);
	add_configuration(b);
	add_section(b, "ENVIRONMENT");
	for (const struct named_help *v = option_environment; v->name; v++)
		add_item(b, v->name, v->help);
	add_files(b);
	add_section(b, "EXIT STATUS");
	for (const struct named_help *x = option_exits; x->name; x++)
		add_item(b, x->name, x->help);
	add_section(b, "EXAMPLES");
	add_item(b, "benchtop --demo", "the dashboard on the built-in simulated server");
	add_item(b, "benchtop submit \"YourTeam\" -isl 1024 -osl 1024",
	        "five CONCs: accuracy, gate, load, result, post");
	add_item(b, "benchtop watch", "the run that another process measures here");
	add_item(b, "benchtop shot dashboard -o run.svg", "the newest run as a picture");
	return b->failed ? ERR_LIMIT : 0;
}
