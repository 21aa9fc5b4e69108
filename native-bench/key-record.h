/* A key as the product's replica holds it: the form is told in src/keys/key-codec.ts. */
#ifndef KEY_RECORD_H
#define KEY_RECORD_H

#include <stdint.h>

#include "slice.h"

enum { KEY_LIMITS_MAX = 8 };

typedef struct {
  double limit;
  double duration_ms;
  bool auto_apply;
  Slice limit_id;
  Slice name;
} KeyLimit;

typedef struct {
  bool is_enabled;
  bool has_credits;
  double expires_at_ms;
  Slice key_id;
  Slice workspace_id;
  Slice api_id;
  Slice identity_id;
  Slice migration_id;
  /* Ids with commas between them. */
  Slice permission_ids;
  Slice role_ids;
  Slice name;
  Slice meta_json;
  int limit_count;
  KeyLimit limits[KEY_LIMITS_MAX];
} KeyRecord;

/* The slices point into `bytes`. Ends the program on a form that it does not know. */
void key_record_decode(Slice bytes, KeyRecord *record);

#endif
