/* faults: parsing and drawing (see faults.h). */
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reactor.h"
#include "simtext.h"

static const struct {
	const char *name;
	enum fault_class of;
} KINDS[FAULT_COUNT] = {
#define X(text, symbol, class_of) [FAULT_##symbol] = {text, CLASS_##class_of},
        SIM_FAULTS(X)
#undef X
};

static int unknown_name(const char *spec, size_t len)
{
	fprintf(stderr, "benchtop-sim: there is no fault \"%.*s\"; the faults are:", (int)len, spec);
	for (int i = 0; i < FAULT_COUNT; i++)
		fprintf(stderr, "%s %s", i ? "," : "", KINDS[i].name);
	fputc('\n', stderr);
	return -1;
}

static int bad_when(const char *spec)
{
	fprintf(stderr,
	        "benchtop-sim: fault \"%s\": after @ come n=K, p=0.05, after=SECONDS or for=SECONDS, "
	        "joined by commas\n",
	        spec);
	return -1;
}

/* One "key=value" of the WHEN part. */
static int parse_condition(struct fault *fault, const char *key, const char *value)
{
	char *end;
	double number;

	errno = 0;
	number = strtod(value, &end);
	if (errno || end == value || *end || !(number >= 0) || number > 1e9)
		return -1;
	if (!strcmp(key, "n") && number >= 1)
		fault->nth = (uint64_t)number;
	else if (!strcmp(key, "p") && number <= 1)
		fault->chance = number;
	else if (!strcmp(key, "after"))
		fault->after_s = number;
	else if (!strcmp(key, "for"))
		fault->for_s = number;
	else
		return -1;
	return 0;
}

static int parse_when(struct fault *fault, const char *when)
{
	char copy[128], *rest = copy, *item;

	if (strlen(when) >= sizeof copy)
		return -1;
	memcpy(copy, when, strlen(when) + 1);
	while ((item = strsep(&rest, ","))) {
		char *equals = strchr(item, '=');

		if (!equals)
			return -1;
		*equals = '\0';
		if (parse_condition(fault, item, equals + 1))
			return -1;
	}
	return 0;
}

int faults_add(struct faults *faults, const char *spec)
{
	size_t len = strcspn(spec, "@");
	struct fault fault = {.chance = -1, .for_s = -1};
	int kind = 0;

	while (kind < FAULT_COUNT && (strlen(KINDS[kind].name) != len || memcmp(KINDS[kind].name, spec, len)))
		kind++;
	if (kind == FAULT_COUNT)
		return unknown_name(spec, len);
	if (faults->count == FAULTS_MAX) {
		fprintf(stderr, "benchtop-sim: more than %d faults\n", FAULTS_MAX);
		return -1;
	}
	fault.kind = (enum fault_kind)kind;
	fault.of = KINDS[kind].of;
	if (spec[len] && parse_when(&fault, spec + len + 1))
		return bad_when(spec);
	faults->list[faults->count++] = fault;
	return 0;
}

static bool in_window(const struct faults *faults, const struct fault *fault, uint64_t now)
{
	double s = (double)(now - faults->start_ns) / (double)NS_PER_S;

	return s >= fault->after_s && (fault->for_s < 0 || s < fault->after_s + fault->for_s);
}

uint32_t faults_draw(struct faults *faults, enum fault_class of, uint64_t now)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->list[i];

		if (fault->of != of || !in_window(faults, fault, now))
			continue;
		fault->seen++;
		if (fault->nth && fault->seen != fault->nth)
			continue;
		if (fault->chance >= 0 && sim_unit(sim_mix(faults->random++)) >= fault->chance)
			continue;
		set |= UINT32_C(1) << fault->kind;
	}
	return set;
}

bool faults_steady(const struct faults *faults, enum fault_kind kind, uint64_t now)
{
	for (unsigned i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->list[i];

		if (fault->kind == kind && !fault->nth && fault->chance < 0 && in_window(faults, fault, now))
			return true;
	}
	return false;
}

uint64_t faults_death(const struct faults *faults)
{
	for (unsigned i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->list[i];

		if (fault->kind == FAULT_DIE && fault->after_s > 0 && !fault->nth && fault->chance < 0)
			return faults->start_ns + (uint64_t)(fault->after_s * (double)NS_PER_S);
	}
	return UINT64_MAX;
}
