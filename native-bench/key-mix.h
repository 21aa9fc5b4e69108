/* Which key is asked for next: each run with the same seed asks for the same ones. */
#ifndef KEY_MIX_H
#define KEY_MIX_H

#include "random.h"

typedef enum {
  /* Each of the keys is equally likely: the worst for every cache. */
  MIX_UNIFORM,
  /* The k-th key with a probability in proportion to k^-0.99. */
  MIX_ZIPF,
  /* None of the keys: as many others. */
  MIX_UNKNOWN,
} KeyMixKind;

typedef struct {
  KeyMixKind kind;
  uint64_t key_count;
  Random random;
  double area_first;
  double area_all;
  double shortcut;
} KeyMix;

/* `name` is uniform, zipf or unknown; ends the program on any other. */
void key_mix_open(KeyMix *mix, const char *name, uint64_t key_count, uint64_t seed);

/* From 1 to the number of keys; of unknown ones, beyond. */
uint64_t key_mix_next(KeyMix *mix);

#endif
