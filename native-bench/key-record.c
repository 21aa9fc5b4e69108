#include "key-record.h"

#include "failure.h"

enum { FORMAT_VERSION = 1, HEADER_BYTES = 16, FLAG_ENABLED = 1, FLAG_CREDITS = 2 };

static double take_double(const char **at) {
  double value;
  memcpy(&value, *at, sizeof value);
  *at += sizeof value;
  return value;
}

static Slice take_text(const char **at) {
  uint16_t size;
  memcpy(&size, *at, sizeof size);
  Slice text = {*at + sizeof size, size};
  *at = text.at + text.size;
  return text;
}

static Slice take_long_text(const char **at) {
  uint32_t size;
  memcpy(&size, *at, sizeof size);
  Slice text = {*at + sizeof size, size};
  *at = text.at + text.size;
  return text;
}

static void take_limit(const char **at, KeyLimit *limit) {
  limit->limit = take_double(at);
  limit->duration_ms = take_double(at);
  limit->auto_apply = **at == 1;
  *at += 1;
  limit->limit_id = take_text(at);
  limit->name = take_text(at);
}

void key_record_decode(Slice bytes, KeyRecord *record) {
  const char *at = bytes.at;
  if (bytes.size < HEADER_BYTES || at[0] != FORMAT_VERSION) {
    fail("the replica holds key records of another form: native-bench/key-record.c must follow");
  }
  record->is_enabled = (at[1] & FLAG_ENABLED) != 0;
  record->has_credits = (at[1] & FLAG_CREDITS) != 0;
  uint16_t limit_count;
  memcpy(&limit_count, at + 2, sizeof limit_count);
  if (limit_count > KEY_LIMITS_MAX) fail("a key has more limits than the floor can hold");
  at += 8;
  record->expires_at_ms = take_double(&at);
  Slice *texts[] = {
      &record->key_id,       &record->workspace_id,   &record->api_id,   &record->identity_id,
      &record->migration_id, &record->permission_ids, &record->role_ids, &record->name,
  };
  for (size_t index = 0; index < sizeof texts / sizeof *texts; index += 1) {
    *texts[index] = take_text(&at);
  }
  record->meta_json = take_long_text(&at);
  record->limit_count = limit_count;
  for (int index = 0; index < limit_count; index += 1) take_limit(&at, &record->limits[index]);
}
