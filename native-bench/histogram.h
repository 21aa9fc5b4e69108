/*
 * Counts of durations in buckets whose width grows with the duration, as HdrHistogram has them: 128
 * to each power of two, so a percentile is at most 0.8 % too high. From 0 to 2^40 ns, 18 minutes.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum {
  HISTOGRAM_STEP_BITS = 7,
  HISTOGRAM_BUCKETS = (40 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS,
};

typedef struct {
  uint64_t counts[HISTOGRAM_BUCKETS];
  uint64_t count;
  uint64_t max;
} Histogram;

void histogram_add(Histogram *histogram, int64_t value);

/* The value that the share (0 to 1) of all does not exceed; 0 when there are none. */
uint64_t histogram_at(const Histogram *histogram, double share);

#endif
