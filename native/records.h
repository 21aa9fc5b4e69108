/*
 * Keys and identities as they lie in the replica: see record-text, key-codec and identity-codec in
 * src/keys. Nothing is copied: the slices are valid as long as the state of the replica is kept.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

typedef struct {
  bool is_enabled;
  bool has_credits;
  /* All texts are ASCII; otherwise they are UTF-8. */
  bool is_ascii;
  /* Unix ms; 0 when it does not expire. */
  double expires_at_ms;
  Slice traits;
  Slice key_id;
  Slice identity_id;
  Slice limit_ids;
  Slice name;
  Slice meta_json;
} KeyRecord;

typedef struct {
  Slice traits;
  Slice external_id;
  Slice limit_ids;
  Slice meta_json;
} IdentityRecord;

/* False for a format that is not known here. */
bool key_record_read(Slice bytes, KeyRecord *record);
bool identity_record_read(Slice bytes, IdentityRecord *record);

/* What an identity is stored under: four bytes of a hash and its id. Returns its length, or 0 when
 * there is no room for it. */
size_t identity_key(Slice identity_id, char *room, size_t size);

#endif
