/* Where a model's tokenizer.json is found: as given, in the model's directory, in the hub cache as huggingface_hub lays it
 * out. A wrong revision would give other prompts, so refs/main decides before age does. */
#include "../../engine/base/file.h"
#include "../../engine/tokenizer/tokenizer.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the headers it needs */
#include <cmocka.h>

static char root[64];
static const char *env[2]; /* a name and its value */

static const char *look(void *ctx, const char *name)
{
	(void)ctx;
	return env[0] && strcmp(name, env[0]) == 0 ? env[1] : NULL;
}

static const char *under(const char *rest)
{
	static char at[4][300];
	static int n;
	n = (n + 1) % 4;
	snprintf(at[n], sizeof at[n], "%s/%s", root, rest);
	return at[n];
}

static void make(const char *rest, const char *content)
{
	char dir[300];
	const char *path = under(rest);
	snprintf(dir, sizeof dir, "%.*s", (int)(path_base(path) - path), path);
	assert_int_equal(file_mkdirs(dir, NULL), 0);
	assert_int_equal(file_write_atomic(path, content, strlen(content), NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/benchtop-hub.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	char command[100];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	return system(command);
}

static void finds(const char *given, const char *model, const char *want)
{
	char path[400];
	struct err e = {0};
	assert_int_equal(tokenizer_find(given, model, look, NULL, path, sizeof path, &e), 1);
	assert_string_equal(path, want);
}

static void the_given_one_is_taken_or_refused(void **state)
{
	(void)state;
	char path[400];
	struct err e = {0};
	make("given/tokenizer.json", "{}");
	make("given/other.json", "{}");
	finds(under("given"), "a/b", under("given/tokenizer.json"));
	finds(under("given/other.json"), NULL, under("given/other.json"));
	assert_int_equal(tokenizer_find(under("nowhere"), "a/b", look, NULL, path, sizeof path, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "nowhere"));
}

static void a_model_may_be_a_directory(void **state)
{
	(void)state;
	finds("", under("given"), under("given/tokenizer.json"));
	finds(NULL, under("given"), under("given/tokenizer.json"));
}

static void age(const char *rest, long seconds)
{
	struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	assert_int_equal(utimensat(AT_FDCWD, under(rest), times, 0), 0);
}

static void the_hub_cache_is_read_as_it_is_laid_out(void **state)
{
	(void)state;
	static const char model[] = "hub/models--org--name/";
	char rest[200];
	env[0] = "HF_HUB_CACHE";
	env[1] = under("hub");
	char hub[300];
	strcpy(hub, env[1]);
	env[1] = hub;
	make("hub/models--org--name/blobs/abc", "{}");
	make("hub/models--org--name/snapshots/new/config.json", "{}");
	make("hub/models--org--name/snapshots/old/config.json", "{}");
	make("hub/models--org--name/snapshots/bare/config.json", "{}"); /* the newest, but without the file */
	for (int i = 0; i < 2; i++) {
		snprintf(rest, sizeof rest, "%ssnapshots/%s/tokenizer.json", model, i ? "new" : "old");
		assert_int_equal(symlink("../../blobs/abc", under(rest)), 0);
	}
	age("hub/models--org--name/snapshots/old", 1000);
	age("hub/models--org--name/snapshots/new", 2000);
	age("hub/models--org--name/snapshots/bare", 3000);
	finds("", "org/name", under("hub/models--org--name/snapshots/new/tokenizer.json"));
	make("hub/models--org--name/refs/main", "old");
	finds("", "org/name", under("hub/models--org--name/snapshots/old/tokenizer.json"));
	make("hub/models--org--name/refs/main", "../../../given\n"); /* no name of a revision */
	finds("", "org/name", under("hub/models--org--name/snapshots/new/tokenizer.json"));
	make("hub/models--org--name/refs/main", "bare\n");
	finds("", "org/name", under("hub/models--org--name/snapshots/new/tokenizer.json"));
}

static void each_variable_names_its_own_place(void **state)
{
	(void)state;
	static const char *const table[][3] = {
	        {"HF_HOME", "hf", "hf/hub/models--o--n/snapshots/r/tokenizer.json"},
	        {"XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub/models--o--n/snapshots/r/tokenizer.json"},
	        {"HOME", "home", "home/.cache/huggingface/hub/models--o--n/snapshots/r/tokenizer.json"},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char value[300];
		make(table[i][2], "{}");
		snprintf(value, sizeof value, "%s", under(table[i][1]));
		env[0] = table[i][0];
		env[1] = value;
		finds("", "o/n", under(table[i][2]));
	}
}

static void what_is_not_there_says_where_it_was_looked_for(void **state)
{
	(void)state;
	char path[400];
	struct err e = {0};
	static const char *const strange[] = {"../../etc", "/nowhere/at/all", "", "org/none", "a\033[31m/b"};
	env[0] = "HF_HUB_CACHE";
	env[1] = "/nonexistent/hub";
	for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
		e.text[0] = '\0';
		assert_int_equal(tokenizer_find("", strange[i], look, NULL, path, sizeof path, &e), 0);
		assert_non_null(strstr(e.text, "--tokenizer"));
		assert_null(strchr(e.text, '\033'));
	}
	assert_int_equal(tokenizer_find("", "org/none", look, NULL, path, sizeof path, &e), 0);
	assert_non_null(strstr(e.text, "/nonexistent/hub"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_given_one_is_taken_or_refused),
	        cmocka_unit_test(a_model_may_be_a_directory),
	        cmocka_unit_test(the_hub_cache_is_read_as_it_is_laid_out),
	        cmocka_unit_test(each_variable_names_its_own_place),
	        cmocka_unit_test(what_is_not_there_says_where_it_was_looked_for),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
