/*
 * Events as the product's workers spool them: msgpack arrays in frames with length, checksum and
 * kind, in a mapped file whose committed position is stored last (src/events/segment.ts). Nobody
 * reads this spool: a full segment is begun anew, in the place of making the next file.
 */
#ifndef EVENT_SPOOL_H
#define EVENT_SPOOL_H

#include <stdint.h>

#include "slice.h"

typedef struct {
  Slice request_id;
  int64_t time_ms;
  Slice workspace_id;
  Slice keyspace_id;
  Slice key_id;
  Slice identity_id;
  Slice external_id;
  /* The place of the outcome in src/domain/outcome.ts. */
  uint8_t outcome;
  uint32_t latency_us;
} VerificationEvent;

typedef struct {
  uint32_t *words;
  /* Where the next frame begins. */
  uint32_t at;
} EventSpool;

void event_spool_open(EventSpool *spool, const char *folder);
void event_spool_append(EventSpool *spool, const VerificationEvent *event);

#endif
