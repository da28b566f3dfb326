#include "../accuracy/corpus.h"
#include "../base/file.h"
#include "../base/text.h"
#include "tokenizer_int.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { R_ADDED, R_NORMALIZER, R_PRE, R_POST, R_DECODER, R_MODEL, R_VERSION, R_TRUNCATION, R_PADDING, N_ROOT };
static const char *const root_names[N_ROOT] = {"added_tokens", "normalizer", "pre_tokenizer", "post_processor",
        "decoder", "model", "version", "truncation", "padding"};

/* The whole file, owned by the caller. */
static int read_whole(const char *path, char **text, size_t *len, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		int rc = err_sys(e, ERR_IO, errno, "%s", path);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	int rc = 0;
	size_t size = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 0, n = 0;
	*text = NULL;
	if (!S_ISREG(st.st_mode))
		rc = err_set(e, ERR_IO, "%s is not a file", path);
	else if (size > TOKENIZER_FILE_MAX)
		rc = err_set(e, ERR_LIMIT, "%s has %zu bytes, a tokenizer of at most %zu is read", path, size,
		        TOKENIZER_FILE_MAX);
	else if (!(*text = malloc(size + 1)))
		rc = err_set(e, ERR_NOMEM, "no memory for the %zu bytes of %s", size, path);
	while (rc == 0 && n < size) {
		ssize_t got = read(fd, *text + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			rc = got < 0 ? err_sys(e, ERR_IO, errno, "%s", path)
			             : err_set(e, ERR_IO, "%s became shorter while it was read", path);
			break;
		}
		n += (size_t)got;
	}
	close(fd);
	*len = n;
	if (rc) {
		free(*text);
		*text = NULL;
	}
	return rc;
}

/* Truncation and padding are not read: the reference turns them off for every call. */
static int read_members(struct tokenizer *t, const char *text, size_t len, struct err *e)
{
	struct tok_slice m[N_ROOT];
	size_t valid = tok_utf8_span(text, len);
	if (valid < len)
		return err_set(e, ERR_PROTO, "byte %zu is not UTF-8", valid);
	int rc = tok_members(text, len, root_names, N_ROOT, m, "its ", e);
	if (rc)
		return rc;
	if (!m[R_MODEL].len)
		return err_set(e, ERR_PROTO, "it has no \"model\": not a tokenizer.json");
	rc = tok_read_normalizer(t, &m[R_NORMALIZER], e);
	if (rc == 0)
		rc = tok_read_pre(t, &m[R_PRE], e);
	if (rc == 0)
		rc = tok_read_decoder(&m[R_DECODER], e);
	if (rc == 0)
		rc = tok_read_model(t, &m[R_MODEL], e);
	if (rc == 0)
		rc = tok_read_added(t, &m[R_ADDED], e);
	if (rc == 0)
		rc = tok_read_post(t, &m[R_POST], e);
	return rc;
}

int tokenizer_open_text(struct tokenizer **out, const char *path, const char *text, size_t len, struct err *e)
{
	*out = NULL;
	struct tokenizer *t = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for a tokenizer");
	t->bos = -1;
	int rc = text_set(t->path, sizeof t->path, path) ? 0 : err_set(e, ERR_LIMIT, "too long a path");
	if (rc == 0)
		rc = read_members(t, text, len, e);
	if (rc) {
		tokenizer_close(t);
		return err_prefix(e, "%s", path);
	}
	sha256_hex(text, len, t->sha256);
	*out = t;
	return 0;
}

int tokenizer_open(struct tokenizer **out, const char *path, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	*out = NULL;
	int rc = read_whole(path, &text, &len, e);
	if (rc)
		return rc;
	rc = tokenizer_open_text(out, path, text, len, e);
	free(text);
	if (rc == 0 && (rc = tok_read_beside(*out, e)) < 0) {
		tokenizer_close(*out);
		*out = NULL;
	}
	return rc;
}

void tokenizer_close(struct tokenizer *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->n_steps; i++)
		pcre2_code_free(t->steps[i].code);
	added_free(&t->added);
	added_free(&t->added_normalized);
	vocab_free(&t->vocab);
	free(t);
}

const char *tokenizer_path(const struct tokenizer *t)
{
	return t->path;
}

const char *tokenizer_sha256(const struct tokenizer *t)
{
	return t->sha256;
}

uint32_t tokenizer_vocab_size(const struct tokenizer *t)
{
	return t->vocab.n_base;
}

uint32_t tokenizer_size(const struct tokenizer *t)
{
	return t->vocab.n_tokens;
}

bool tokenizer_cleans_up(const struct tokenizer *t)
{
	return t->cleanup;
}

int64_t tokenizer_bos(const struct tokenizer *t)
{
	return t->bos;
}
