#include "identity-record.h"

#include "record-text.h"

enum { FORMAT_VERSION = 1, TEXTS_AT = 14, PREFIX_BYTES = 4, ID_BYTES_MAX = 256 };

/* What it is stored under: `identityKey` of src/keys/replica-tables.ts. */
static Slice place_of(Slice id, char room[PREFIX_BYTES + ID_BYTES_MAX]) {
  uint32_t hash = 0x811c9dc5;
  for (size_t at = 0; at < id.size; at += 1) hash = (hash ^ (unsigned char)id.at[at]) * 0x01000193;
  hash = (hash ^ (hash >> 15)) * 0x2c1b3c6d;
  hash = __builtin_bswap32(hash ^ (hash >> 13));
  memcpy(room, &hash, PREFIX_BYTES);
  slice_put(room + PREFIX_BYTES, id);
  return (Slice){room, PREFIX_BYTES + id.size};
}

static void decode(Slice bytes, IdentityRecord *record) {
  const char *start = bytes.at;
  record_check(bytes, FORMAT_VERSION, TEXTS_AT);
  if (record_u32(start + 10) > 0) fail("the floor knows identities without limits only");
  const char *at = start + TEXTS_AT + record_u32(start + 2);
  record->external_id = record_take(&at, record_u32(start + 6));
  record->meta_json = (Slice){at, (size_t)(start + bytes.size - at)};
}

bool identity_record_find(const Replica *replica, Slice id, IdentityRecord *record) {
  char room[PREFIX_BYTES + ID_BYTES_MAX];
  Slice bytes;
  if (id.size > ID_BYTES_MAX) fail("an identity's id is longer than the floor can hold");
  if (!replica_find(replica, replica->identities, place_of(id, room), &bytes)) return false;
  decode(bytes, record);
  return true;
}
