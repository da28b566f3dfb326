/* model: TTFT and ITL of an imaginary 8-GPU server (see model.h).
 *
 *   TTFT ms = 25 + 0.03 * prompt_tokens * (1 + prefills_pending / 2)
 *   ITL  ms = 4.2 + 0.12 * streams_running
 *
 * A prompt costs 0.03 ms a token, and of the prefills that already wait each adds half a prompt's time:
 * a wave of 64 prompts of 256 tokens sees a median TTFT near 150 ms, one alone 33 ms. ITL grows with
 * the batch: 4.3 ms alone, 11.9 ms at 64, which puts throughput and interactivity on a curve of the
 * usual shape. TTFT varies by +-3 % and starts at a random phase of the decode step, each ITL varies by
 * +-2 %, so that no two streams tick together. With --ttft-ms / --itl-ms the value is exact. */
#include "model.h"
#include "simtext.h"

uint64_t model_scale(const struct sim *sim, double ms)
{
	double ns = ms * (double)NS_PER_MS / sim->opt.time_scale;

	return ns >= 1e18 ? UINT64_C(1000000000000000000) : (uint64_t)(ns + 0.5);
}

static double itl_ms(const struct sim *sim)
{
	unsigned running = sim->decoding ? sim->decoding : 1;

	return sim->opt.itl_ms >= 0 ? sim->opt.itl_ms : 4.2 + 0.12 * running;
}

uint64_t model_ttft(const struct sim *sim, uint64_t tokens, uint64_t serial)
{
	uint64_t bits = sim_mix(sim->opt.seed ^ sim_mix(serial));
	double ms;

	if (sim->opt.ttft_ms >= 0)
		return model_scale(sim, sim->opt.ttft_ms);
	ms = 25 + 0.03 * (double)tokens * (1 + sim->prefilling / 2.0);
	ms *= 0.97 + 0.06 * sim_unit(bits);
	ms += itl_ms(sim) * sim_unit(sim_mix(bits));
	return model_scale(sim, ms);
}

uint64_t model_itl(const struct sim *sim)
{
	return model_scale(sim, itl_ms(sim));
}

uint64_t model_itl_jitter(const struct sim *sim, uint64_t itl, uint64_t *state)
{
	if (sim->opt.itl_ms >= 0)
		return itl;
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	/* itl * (0.98 … 1.02), in 1/1024ths of the 4 % */
	return itl - itl / 50 + (itl * (*state >> 54)) / 25600;
}
