/*
 * Appends frames to the segment of the spool that src/events/segment.ts has opened, which says how;
 * what both need to know of its state stands in its header.
 */
#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  /* NULL while there is none. */
  uint32_t *words;
  uint32_t word_count;
} SpoolSegment;

/* `payload`: whole words; the bytes behind the last one are zero. False, with nothing committed,
 * when the frame does not fit or the segment was closed. */
bool spool_segment_append(const SpoolSegment *segment, uint32_t kind, const uint32_t *payload,
                          uint32_t byte_length);

#endif
