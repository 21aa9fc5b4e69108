#include "histogram.h"

static const uint64_t steps = 1 << HISTOGRAM_STEP_BITS;

static uint64_t bucket_of(uint64_t value) {
  if (value < steps) return value;
  int shift = 63 - __builtin_clzll(value) - HISTOGRAM_STEP_BITS;
  uint64_t bucket = ((uint64_t)(shift + 1) << HISTOGRAM_STEP_BITS) + (value >> shift) - steps;
  return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that falls into the bucket. */
static uint64_t upper_end(uint64_t bucket) {
  uint64_t row = bucket >> HISTOGRAM_STEP_BITS;
  if (row == 0) return bucket;
  return (((bucket & (steps - 1)) + steps + 1) << (row - 1)) - 1;
}

void histogram_add(Histogram *histogram, int64_t value) {
  uint64_t amount = value < 0 ? 0 : (uint64_t)value;
  histogram->counts[bucket_of(amount)] += 1;
  histogram->count += 1;
  if (amount > histogram->max) histogram->max = amount;
}

uint64_t histogram_at(const Histogram *histogram, double share) {
  uint64_t wanted = (uint64_t)(share * (double)histogram->count);
  uint64_t seen = 0;
  for (uint64_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket += 1) {
    seen += histogram->counts[bucket];
    if (seen > wanted || (seen == wanted && seen == histogram->count && seen > 0)) {
      uint64_t end = upper_end(bucket);
      return end < histogram->max ? end : histogram->max;
    }
  }
  return 0;
}
