#include "event.h"
#include <string.h>

static const char *word_of(const char *const *words, int n, int value)
{
	return value >= 0 && value < n ? words[value] : "?";
}

static int index_of(const char *const *words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

/* clang-format off */
#define ENUM(type) static const char *const type##_words[] = {
#define WORD(type, NAME, word) word,
#define ENUM_END(type) };                                                                                              \
	const char *type##_word(int value)                                                                             \
	{                                                                                                              \
		return word_of(type##_words, type##_count, value);                                                     \
	}                                                                                                              \
	int type##_from_word(const char *word)                                                                         \
	{                                                                                                              \
		return index_of(type##_words, type##_count, word);                                                     \
	}
/* clang-format on */
#include "enums.def"
#undef ENUM
#undef WORD
#undef ENUM_END
