/*
 * Zipf by rejection-inversion (Hörmann and Derflinger 1996): constant time and no table, whatever
 * the number of keys.
 */
#include "key-mix.h"

#include <math.h>
#include <string.h>

#include "failure.h"

static const double exponent = 0.99;

static double density(double x) {
  return exp(-exponent * log(x));
}

/* The area below the density from 1 to x, and its inverse. */
static double area(double x) {
  return (exp((1 - exponent) * log(x)) - 1) / (1 - exponent);
}

static double area_inverse(double area) {
  return exp(log1p(area * (1 - exponent)) / (1 - exponent));
}

void key_mix_open(KeyMix *mix, const char *name, uint64_t key_count, uint64_t seed) {
  static const char *const names[] = {"uniform", "zipf", "unknown"};
  int kind = 0;
  while (kind < 3 && strcmp(names[kind], name) != 0) kind += 1;
  if (kind == 3) fail("a mix of keys is uniform, zipf or unknown, not %s", name);
  mix->kind = (KeyMixKind)kind;
  mix->key_count = key_count;
  random_seed(&mix->random, seed);
  mix->area_first = area(1.5) - 1;
  mix->area_all = area((double)key_count + 0.5);
  mix->shortcut = 2 - area_inverse(area(2.5) - density(2));
}

static uint64_t zipf_next(KeyMix *mix) {
  for (;;) {
    double u = mix->area_all + random_unit(&mix->random) * (mix->area_first - mix->area_all);
    double x = area_inverse(u);
    double rank = floor(x + 0.5);
    if (rank < 1) rank = 1;
    if (rank > (double)mix->key_count) rank = (double)mix->key_count;
    if (rank - x <= mix->shortcut || u >= area(rank + 0.5) - density(rank)) return (uint64_t)rank;
  }
}

uint64_t key_mix_next(KeyMix *mix) {
  if (mix->kind == MIX_ZIPF) return zipf_next(mix);
  uint64_t number = 1 + random_below(&mix->random, mix->key_count);
  return mix->kind == MIX_UNKNOWN ? number + mix->key_count : number;
}
