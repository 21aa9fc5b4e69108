/* An identity as the product's replica holds it: see src/keys/identity-codec.ts. */
#ifndef IDENTITY_RECORD_H
#define IDENTITY_RECORD_H

#include "replica.h"

typedef struct {
  Slice external_id;
  /* Empty when there is none. */
  Slice meta_json;
} IdentityRecord;

/* False when there is no such identity. Ends the program when it has limits of its own. */
bool identity_record_find(const Replica *replica, Slice id, IdentityRecord *record);

#endif
