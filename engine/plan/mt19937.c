#include "prompts.h"

/* Matsumoto and Nishimura's generator: the state is refilled as a whole every 624 outputs. */
#define MT_N 624
#define MT_M 397

void mt_seed(struct mt19937 *m, uint32_t seed)
{
	m->s[0] = seed;
	for (uint32_t k = 1; k < MT_N; k++)
		m->s[k] = 1812433253u * (m->s[k - 1] ^ m->s[k - 1] >> 30) + k;
	m->i = MT_N;
}

static uint32_t mt_twist(uint32_t high, uint32_t low)
{
	uint32_t y = (high & 0x80000000u) | (low & 0x7fffffffu);
	return y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
}

static void mt_refill(struct mt19937 *m)
{
	for (int k = 0; k < MT_N; k++)
		m->s[k] = m->s[(k + MT_M) % MT_N] ^ mt_twist(m->s[k], m->s[(k + 1) % MT_N]);
	m->i = 0;
}

uint32_t mt_next(struct mt19937 *m)
{
	if (m->i >= MT_N)
		mt_refill(m);
	uint32_t y = m->s[m->i++];
	y ^= y >> 11;
	y ^= y << 7 & 0x9d2c5680u;
	y ^= y << 15 & 0xefc60000u;
	return y ^ y >> 18;
}

/* Masked rejection, one output a try; a range of one value consumes nothing (numpy's legacy behaviour). */
uint32_t mt_range(struct mt19937 *m, uint32_t lo, uint32_t hi_exclusive)
{
	uint32_t last = hi_exclusive - 1 - lo;
	if (last == 0)
		return lo;
	uint32_t mask = UINT32_MAX >> __builtin_clz(last);
	uint32_t v;
	do
		v = mt_next(m) & mask;
	while (v > last);
	return lo + v;
}
