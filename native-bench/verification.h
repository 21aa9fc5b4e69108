/*
 * The job of keys.verifyKey in C: both keys hashed and looked up, enabled, expiry, permissions, one
 * limit counted, the event spooled, the answer written. It is the least that a machine must do for
 * that answer, so it is what the product is measured against; and no more than that: of what a key
 * may have, credits, roles, address lists and imports are refused and not half done.
 */
#ifndef VERIFICATION_H
#define VERIFICATION_H

#include "answer-json.h"
#include "documents.h"
#include "event-spool.h"
#include "limit-table.h"
#include "replica.h"
#include "request-id.h"
#include "root-key.h"

typedef struct {
  Replica replica;
  Documents documents;
  KeyTraitsTable traits;
  RootKey root_key;
  LimitTable limits;
  EventSpool spool;
  RequestIds request_ids;
} Verifier;

typedef struct {
  int status;
  /* Written to the `json` of the call. */
  size_t size;
} Answer;

/* `folder` is where limits and events are kept; the replica is the product's, and only read. */
void verifier_open(Verifier *verifier, const char *replica_path, const char *folder,
                   uint64_t limit_slots);

/* To be called between `replica_enter` and `replica_leave`. */
Answer verify_key(Verifier *verifier, Slice root_key, Slice body, char json[ANSWER_BYTES_MAX]);

#endif
