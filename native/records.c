#include "records.h"

#include "bytes.h"

enum {
  FLAG_ASCII = 1,
  KEY_FORMAT = 3,
  KEY_TEXTS_AT = 26,
  FLAG_ENABLED = 2,
  FLAG_CREDITS = 4,
  IDENTITY_FORMAT = 1,
  IDENTITY_TEXTS_AT = 14,
};

/* The texts of a record, which are cut off one after the other. */
typedef struct {
  const char *at;
  const char *end;
  bool is_ascii;
} Texts;

static Texts texts_of(Slice bytes, size_t texts_at) {
  bool is_ascii = (bytes.at[1] & FLAG_ASCII) != 0;
  return (Texts){bytes.at + texts_at, bytes.at + bytes.size, is_ascii};
}

/* Behind so many UTF-16 units of UTF-8: a sequence of four bytes stands for two. */
static const char *behind_units(const Texts *texts, size_t units) {
  const unsigned char *at = (const unsigned char *)texts->at;
  const unsigned char *end = (const unsigned char *)texts->end;
  while (units > 0 && at < end) {
    size_t size = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    size_t width = size == 4 ? 2 : 1;
    at += size;
    units -= width < units ? width : units;
  }
  return at < end ? (const char *)at : texts->end;
}

static Slice take(Texts *texts, size_t units) {
  size_t left = (size_t)(texts->end - texts->at);
  const char *start = texts->at;
  if (texts->is_ascii) texts->at += units < left ? units : left;
  else texts->at = behind_units(texts, units);
  return (Slice){start, (size_t)(texts->at - start)};
}

static Slice take_rest(Texts *texts) {
  return (Slice){texts->at, (size_t)(texts->end - texts->at)};
}

bool key_record_read(Slice bytes, KeyRecord *record) {
  const char *start = bytes.at;
  if (bytes.size < KEY_TEXTS_AT || start[0] != KEY_FORMAT) return false;
  Texts texts = texts_of(bytes, KEY_TEXTS_AT);
  record->is_ascii = texts.is_ascii;
  record->is_enabled = (start[1] & FLAG_ENABLED) != 0;
  record->has_credits = (start[1] & FLAG_CREDITS) != 0;
  record->expires_at_ms = f64_at(start + 8);
  record->traits = take(&texts, u32_at(start + 16));
  record->key_id = take(&texts, u16_at(start + 2));
  record->identity_id = take(&texts, u16_at(start + 4));
  /* Of the import that it stems from, which matters only to who names one. */
  take(&texts, u16_at(start + 6));
  record->limit_ids = take(&texts, u32_at(start + 20));
  record->name = take(&texts, u16_at(start + 24));
  record->meta_json = take_rest(&texts);
  return true;
}

bool identity_record_read(Slice bytes, IdentityRecord *record) {
  const char *start = bytes.at;
  if (bytes.size < IDENTITY_TEXTS_AT || start[0] != IDENTITY_FORMAT) return false;
  Texts texts = texts_of(bytes, IDENTITY_TEXTS_AT);
  record->traits = take(&texts, u32_at(start + 2));
  record->external_id = take(&texts, u32_at(start + 6));
  record->limit_ids = take(&texts, u32_at(start + 10));
  record->meta_json = take_rest(&texts);
  return true;
}

size_t identity_key(Slice identity_id, char *room, size_t size) {
  if (identity_id.size + 4 > size) return 0;
  uint32_t hash = 0x811c9dc5;
  for (size_t at = 0; at < identity_id.size; at += 1) {
    hash = (hash ^ (unsigned char)identity_id.at[at]) * 0x01000193;
  }
  hash = (hash ^ (hash >> 15)) * 0x2c1b3c6d;
  hash ^= hash >> 13;
  hash = __builtin_bswap32(hash);
  memcpy(room, &hash, 4);
  memcpy(room + 4, identity_id.at, identity_id.size);
  return identity_id.size + 4;
}
