#include "key-record.h"

#include "failure.h"

enum {
  FORMAT_VERSION = 1,
  LENGTHS_AT = 16,
  META_LENGTH_AT = 32,
  LIMITS_AT = 36,
  LIMIT_BYTES = 21,
  FLAG_ENABLED = 1,
  FLAG_CREDITS = 2,
  FLAG_ASCII = 4,
};

static uint16_t u16_at(const char *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static double f64_at(const char *at) {
  double value;
  memcpy(&value, at, sizeof value);
  return value;
}

static Slice take(const char **at, size_t size) {
  Slice text = {*at, size};
  *at += size;
  return text;
}

static void read_limit(const char *numbers, const char **texts, KeyLimit *limit) {
  limit->limit = f64_at(numbers);
  limit->duration_ms = f64_at(numbers + 8);
  limit->auto_apply = numbers[16] == 1;
  limit->limit_id = take(texts, u16_at(numbers + 17));
  limit->name = take(texts, u16_at(numbers + 19));
}

static void refuse_unless(bool is_known) {
  if (is_known) return;
  fail("the replica holds key records of another form: native-bench/key-record.c must follow");
}

void key_record_decode(Slice bytes, KeyRecord *record) {
  const char *start = bytes.at;
  refuse_unless(bytes.size >= LIMITS_AT && start[0] == FORMAT_VERSION);
  if ((start[1] & FLAG_ASCII) == 0) fail("the floor reads keys whose texts are ASCII only");
  record->is_enabled = (start[1] & FLAG_ENABLED) != 0;
  record->has_credits = (start[1] & FLAG_CREDITS) != 0;
  record->limit_count = u16_at(start + 2);
  if (record->limit_count > KEY_LIMITS_MAX) fail("a key has more limits than the floor can hold");
  record->expires_at_ms = f64_at(start + 8);
  const char *at = start + LIMITS_AT + record->limit_count * LIMIT_BYTES;
  Slice *texts[] = {
      &record->key_id,       &record->workspace_id,   &record->api_id,   &record->identity_id,
      &record->migration_id, &record->permission_ids, &record->role_ids, &record->name,
  };
  for (size_t index = 0; index < sizeof texts / sizeof *texts; index += 1) {
    *texts[index] = take(&at, u16_at(start + LENGTHS_AT + 2 * index));
  }
  uint32_t meta_size;
  memcpy(&meta_size, start + META_LENGTH_AT, sizeof meta_size);
  record->meta_json = take(&at, meta_size);
  for (int index = 0; index < record->limit_count; index += 1) {
    read_limit(start + LIMITS_AT + index * LIMIT_BYTES, &at, &record->limits[index]);
  }
  refuse_unless(at == start + bytes.size);
}
