/* JSON in and out: bounded reading, a writer whose text reads back as the same value, numbers as short as can be. */
#include "../../engine/base/json.h"
#include "../../engine/base/text.h"
#include "fuzz.h"
#include <math.h>

#define DEPTH_MOST 40

static int depth_of(const cJSON *v)
{
	int most = 0;
	const cJSON *item;
	if (!cJSON_IsArray(v) && !cJSON_IsObject(v))
		return 0;
	cJSON_ArrayForEach(item, v)
	{
		int d = depth_of(item);
		most = d > most ? d : most;
	}
	return most + 1;
}

/* Every string is UTF-8 and every number finite, so that a writer has nothing to replace. */
static bool is_plain(const cJSON *v)
{
	const cJSON *item;
	if (v->string && !utf8_valid(v->string, strlen(v->string)))
		return false;
	if (cJSON_IsString(v))
		return utf8_valid(v->valuestring, strlen(v->valuestring));
	if (cJSON_IsNumber(v))
		return isfinite(v->valuedouble);
	cJSON_ArrayForEach(item, v) if (!is_plain(item)) return false;
	return true;
}

static bool same(const cJSON *a, const cJSON *b)
{
	if ((a->type & 0xff) != (b->type & 0xff))
		return false;
	if (cJSON_IsNumber(a))
		return a->valuedouble == b->valuedouble || (isnan(a->valuedouble) && isnan(b->valuedouble));
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	const cJSON *x = a->child, *y = b->child;
	for (; x && y; x = x->next, y = y->next)
		if ((x->string != NULL) != (y->string != NULL) || (x->string && strcmp(x->string, y->string) != 0) ||
		        !same(x, y))
			return false;
	return !x && !y;
}

static void write_value(struct json_out *j, const cJSON *v)
{
	const cJSON *item;
	if (cJSON_IsNumber(v))
		json_f64(j, v->valuedouble);
	else if (cJSON_IsString(v))
		json_str(j, v->valuestring);
	else if (cJSON_IsBool(v))
		json_bool(j, cJSON_IsTrue(v));
	else if (cJSON_IsNull(v))
		json_null(j);
	else if (cJSON_IsArray(v)) {
		json_array(j);
		cJSON_ArrayForEach(item, v) write_value(j, item);
		json_array_end(j);
	} else {
		json_object(j);
		cJSON_ArrayForEach(item, v)
		{
			json_key(j, item->string);
			write_value(j, item);
		}
		json_object_end(j);
	}
}

static void check_write(const cJSON *v, enum json_style style, bool ascii)
{
	struct buf b;
	struct json_out j;
	cJSON *back = NULL;
	struct err e;
	buf_init(&b, (size_t)16 << 20);
	json_out_init(&j, &b, style, ascii);
	write_value(&j, v);
	CHECK(!b.failed && j.depth == 0);
	CHECK(utf8_valid(b.data, b.len));
	for (size_t i = 0; ascii && i < b.len; i++)
		CHECK((unsigned char)b.data[i] <= 0x7e);
	for (size_t i = 0; style != JSON_PRETTY && i < b.len; i++)
		CHECK((unsigned char)b.data[i] >= 0x20);
	CHECK(json_parse(b.data, b.len, JSON_OUT_DEPTH, &back, &e) == 0);
	CHECK(!is_plain(v) || same(v, back));
	cJSON_Delete(back);
	buf_free(&b);
}

static void check_getters(const cJSON *v)
{
	const cJSON *item;
	if (!cJSON_IsObject(v))
		return;
	cJSON_ArrayForEach(item, v)
	{
		const cJSON *got = json_get(v, item->string);
		CHECK(got && strcmp(got->string, item->string) == 0);
		int64_t i = json_get_i64(v, item->string, -7);
		CHECK(i == -7 || (cJSON_IsNumber(got) && (double)i == got->valuedouble));
		CHECK(json_get_str(v, item->string, "?"));
		json_get_f64(v, item->string, 0);
		json_get_bool(v, item->string, false);
	}
}

static void check_parse(const char *text, size_t len, struct dice *dice)
{
	cJSON *strict = NULL, *lenient = NULL, *other = NULL;
	struct err e = {0};
	int bound = 1 + (int)dice_below(dice, DEPTH_MOST);
	int rc = json_parse(text, len, DEPTH_MOST, &strict, &e);
	CHECK((rc == 0) == (strict != NULL) && rc <= 0);
	CHECK(rc == 0 || (e.code == rc && e.text[0] && utf8_valid(e.text, strlen(e.text))));
	int rc_lenient = json_parse_lenient(text, len, DEPTH_MOST, &lenient, NULL);
	CHECK((rc_lenient == 0) == (lenient != NULL));
	if (strict) {
		int depth = depth_of(strict);
		CHECK(depth <= DEPTH_MOST);
		CHECK(lenient && same(strict, lenient));
		CHECK((json_parse(text, len, bound, &other, NULL) == 0) == (depth <= bound));
		check_getters(strict);
		if (depth <= JSON_OUT_DEPTH)
			check_write(strict, (enum json_style)dice_below(dice, 3), dice_below(dice, 2) == 0);
	}
	cJSON_Delete(strict);
	cJSON_Delete(lenient);
	cJSON_Delete(other);
}

static int count_digits(const char *s)
{
	int n = 0;
	s += strspn(s, "-0.");
	for (; *s && *s != 'e'; s++)
		n += *s != '.';
	/* zeros that only hold the place */
	for (const char *p = s - 1; n > 1 && (*p == '0' || *p == '.'); p--)
		n -= *p == '0';
	return n;
}

/* Of any decimal with n digits that reads back as v, one of the two around it does: the nearest one and its neighbours. */
static bool can_do_with(double v, int n)
{
	char text[40], digits[20];
	snprintf(text, sizeof text, "%.*e", n - 1, v);
	char *e = strchr(text, 'e');
	int at = 0;
	for (char *p = text; p < e; p++)
		if (*p >= '0' && *p <= '9')
			digits[at++] = *p;
	digits[at] = '\0';
	long long d = strtoll(digits, NULL, 10);
	long exponent = strtol(e + 1, NULL, 10) - (n - 1);
	for (long long k = d - 1; k <= d + 1; k++) {
		snprintf(text, sizeof text, "%llde%ld", k, exponent);
		if (strtod(text, NULL) == v)
			return true;
	}
	return false;
}

static int fewest_digits(double v)
{
	for (int n = 1; n < 17; n++)
		if (can_do_with(v, n))
			return n;
	return 17;
}

static void check_repr(double v)
{
	char text[32];
	double back;
	memset(text, 'x', sizeof text);
	if (!isfinite(v))
		return;
	CHECK(json_repr(v, text) == text && memchr(text, '\0', sizeof text));
	back = strtod(text, NULL);
	CHECK(memcmp(&back, &v, sizeof v) == 0);
	CHECK(v == 0 || count_digits(text) <= fewest_digits(fabs(v)));
	/* Python's form: an exponent below 1e-4 and from 1e16 on, else a point. */
	double a = fabs(v);
	CHECK((strchr(text, 'e') != NULL) == (a != 0 && (a < 1e-4 || a >= 1e16)));
	CHECK(strchr(text, 'e') || strchr(text, '.'));
	CHECK(text[strlen(text) - 1] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dice dice = dice_of(data, size);
	char *text = exact_copy(data, size);
	check_parse(text, size, &dice);
	for (size_t i = 0; i < 4 && (i + 1) * sizeof(double) <= size; i++) {
		double v;
		memcpy(&v, data + i * sizeof v, sizeof v);
		check_repr(v);
	}
	/* A number with few digits, and the doubles beside it. */
	double v = ldexp((double)dice_below(&dice, 100000), (int)dice_below(&dice, 2200) - 1100);
	check_repr(v);
	check_repr(nextafter(v, 0));
	check_repr(nextafter(v, INFINITY));
	/* Below a power of two the doubles lie closer. */
	for (int i = 0; i < 4; i++)
		check_repr(ldexp(1, (int)dice_below(&dice, 2098) - 1074));
	free(text);
	return 0;
}
