#include "key-record.h"

#include "record-text.h"

enum { FORMAT_VERSION = 3, TEXTS_AT = 26, FLAG_ENABLED = 2, FLAG_CREDITS = 4 };

void key_record_decode(Slice bytes, KeyRecord *record) {
  const char *start = bytes.at;
  record_check(bytes, FORMAT_VERSION, TEXTS_AT);
  record->is_enabled = (start[1] & FLAG_ENABLED) != 0;
  record->has_credits = (start[1] & FLAG_CREDITS) != 0;
  record->expires_at_ms = record_f64(start + 8);
  const char *at = start + TEXTS_AT;
  record->traits = record_take(&at, record_u32(start + 16));
  record->key_id = record_take(&at, record_u16(start + 2));
  record->identity_id = record_take(&at, record_u16(start + 4));
  record->migration_id = record_take(&at, record_u16(start + 6));
  record->limit_ids = record_take(&at, record_u32(start + 20));
  record->name = record_take(&at, record_u16(start + 24));
  record->meta_json = (Slice){at, (size_t)(start + bytes.size - at)};
}
