/* A key as the product's replica holds it: the form is told in src/keys/key-codec.ts. */
#ifndef KEY_RECORD_H
#define KEY_RECORD_H

#include "slice.h"

typedef struct {
  bool is_enabled;
  bool has_credits;
  double expires_at_ms;
  /* What it has in common with others: see key-traits.h. */
  Slice traits;
  Slice key_id;
  Slice identity_id;
  Slice migration_id;
  /* With commas between them, in the order of the limits in the traits. */
  Slice limit_ids;
  Slice name;
  Slice meta_json;
} KeyRecord;

/* The slices point into `bytes`. Ends the program on a form that it does not know. */
void key_record_decode(Slice bytes, KeyRecord *record);

#endif
