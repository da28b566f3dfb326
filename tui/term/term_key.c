/* Keys, the mouse's wheel and a lost terminal. */
#include "term_int.h"

#include "../../engine/base/text.h"
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define INPUT_ERRORS_MAX 50

static const struct {
	int code;
	const char *name;
} special[] = {
        {KEY_UP, "Up"},
        {KEY_DOWN, "Down"},
        {KEY_LEFT, "Left"},
        {KEY_RIGHT, "Right"},
        {KEY_PPAGE, "PgUp"},
        {KEY_NPAGE, "PgDn"},
        {KEY_HOME, "Home"},
        {KEY_END, "End"},
        {KEY_ENTER, "Enter"},
        {KEY_BACKSPACE, "Backspace"},
        {KEY_DC, "Delete"},
        {KEY_BTAB, "BackTab"},
        {KEY_RESIZE, "Resize"},
};

void term_keys_define(void)
{
	static const struct {
		const char *sent;
		int code;
	} usual[] = {{"\033[A", KEY_UP}, {"\033[B", KEY_DOWN}, {"\033[C", KEY_RIGHT}, {"\033[D", KEY_LEFT},
	        {"\033OA", KEY_UP}, {"\033OB", KEY_DOWN}, {"\033OC", KEY_RIGHT}, {"\033OD", KEY_LEFT},
	        {"\033[H", KEY_HOME}, {"\033[F", KEY_END}, {"\033OH", KEY_HOME}, {"\033OF", KEY_END},
	        {"\033[1~", KEY_HOME}, {"\033[4~", KEY_END}, {"\033[7~", KEY_HOME}, {"\033[8~", KEY_END},
	        {"\033[3~", KEY_DC}, {"\033[5~", KEY_PPAGE}, {"\033[6~", KEY_NPAGE}};

	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		if (key_defined(usual[i].sent) == 0)
			define_key(usual[i].sent, usual[i].code);
}

/* The rest of a sequence that nobody knows, behind its Esc: its letters are no keys, an R in it restarts no server. */
static bool take_unknown(void)
{
	wint_t w;

	int rc = get_wch(&w);
	if (rc == KEY_CODE_YES)
		ungetch((int)w);
	if (rc != OK)
		return false;
	if (w == L'O')
		return get_wch(&w) == OK; /* one more */
	if (w != L'[') {
		unget_wch((wchar_t)w);
		return false;
	}
	for (int i = 0; i < 32 && get_wch(&w) == OK && (w < 0x40 || w > 0x7e); i++)
		;
	return true;
}

static void char_name(wint_t w, char key[16])
{
	switch (w) {
	case L'\r':
	case L'\n':
		text_set(key, 16, "Enter");
		return;
	case L'\t':
		text_set(key, 16, "Tab");
		return;
	case L' ':
		text_set(key, 16, "Space");
		return;
	case 27:
		text_set(key, 16, "Esc");
		return;
	case 8:
	case 127:
		text_set(key, 16, "Backspace");
		return;
	default:
		break;
	}
	if (w < 32) {
		char name[] = {'C', 't', 'r', 'l', '-', (char)('A' + (int)w - 1), '\0'};
		text_set(key, 16, name);
		return;
	}
	size_t n = utf8_encode((uint32_t)w, key);
	key[n] = '\0';
}

/* A terminal that is gone answers at once and for ever with an error: that must not spin. */
static bool input_lost(struct term *t)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int n = 0;

	/* Without the keeper the shell has the terminal again. */
	if (pump_broken(t->pump) || getppid() != t->parent)
		return true;
	if (poll(&p, 1, 0) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	if ((p.revents & POLLIN) && ioctl(STDIN_FILENO, FIONREAD, &n) == 0 && n == 0)
		return ++t->errors > INPUT_ERRORS_MAX;
	return false;
}

void term_fds(const struct term *t, struct pollfd out[TERM_FDS])
{
	out[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	out[1] = (struct pollfd){.fd = t->winch_fd, .events = POLLIN};
	out[2] = (struct pollfd){.fd = pump_fd(t->pump), .events = POLLIN};
}

static const char *wheel_name(void)
{
	MEVENT m;

	if (getmouse(&m) != OK)
		return "?key";
	return m.bstate & BUTTON4_PRESSED ? "WheelUp" : m.bstate & BUTTON5_PRESSED ? "WheelDown" : "?key";
}

static void code_name(int code, char key[16])
{
	const char *name = code == KEY_MOUSE ? wheel_name() : "?key";

	for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
		if (special[i].code == code)
			name = special[i].name;
	text_set(key, 16, name);
}

bool term_key(struct term *t, char key[16], bool *lost)
{
	wint_t w;

	pump_fd_clear(t->pump);
	term_resize(t);
	int rc = get_wch(&w);
	*lost = false;
	if (rc == ERR) {
		*lost = input_lost(t);
		return false;
	}
	t->errors = 0;
	if (rc == KEY_CODE_YES)
		code_name((int)w, key);
	else if (w == 27 && take_unknown())
		text_set(key, 16, "?key");
	else
		char_name(w, key);
	return true;
}
