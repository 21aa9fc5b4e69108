/* xoshiro256++ by Blackman and Vigna (public domain), seeded by splitmix64. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

typedef struct {
  uint64_t state[4];
} Random;

static inline void random_seed(Random *random, uint64_t seed) {
  for (int word = 0; word < 4; word += 1) {
    uint64_t mixed = (seed += 0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    random->state[word] = mixed ^ (mixed >> 31);
  }
}

static inline uint64_t random_rotate(uint64_t word, int bits) {
  return (word << bits) | (word >> (64 - bits));
}

static inline uint64_t random_next(Random *random) {
  uint64_t *s = random->state;
  uint64_t result = random_rotate(s[0] + s[3], 23) + s[0];
  uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = random_rotate(s[3], 45);
  return result;
}

/* From 0 up to, but not including, `bound`; the bias is below 2^-32 for bounds below 2^32. */
static inline uint64_t random_below(Random *random, uint64_t bound) {
  return (uint64_t)(((unsigned __int128)random_next(random) * bound) >> 64);
}

/* From 0 up to, but not including, 1. */
static inline double random_unit(Random *random) {
  return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

#endif
