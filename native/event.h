/*
 * A verdict as the event that src/events/verification-kind.ts spools: a msgpack array of the same
 * fields in the same order, which is read there as any other.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stdint.h>

#include "verdict.h"

enum { VERIFICATION_WIRE_NUMBER = 1, EVENT_WORDS_MAX = 1024 };

/* Where a proxy asks on behalf of somebody; otherwise all are empty. */
typedef struct {
  Slice method;
  Slice path;
  Slice client_address;
} Original;

/* Whether the event fits. */
bool event_fits(const Verdict *verdict, const Original *original);

/* Into `words`, with zeros behind it up to a whole word. Returns the number of bytes. */
uint32_t event_pack(uint32_t words[EVENT_WORDS_MAX], const Verdict *verdict,
                    const Original *original, uint32_t latency_us);

#endif
