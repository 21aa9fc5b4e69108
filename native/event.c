#include "event.h"

/* Numbers, the lengths of texts and the id of the request. */
enum { FIXED_BYTES = 100 };

bool event_fits(const Verdict *verdict, const Original *original) {
  size_t size = FIXED_BYTES + verdict->root_key->workspace_id.size + original->method.size +
                original->path.size + original->client_address.size;
  if (verdict->outcome != NOT_FOUND) {
    size += verdict->traits->keyspace_id.size + verdict->key.key_id.size;
    size += verdict->key.identity_id.size;
    if (verdict->has_identity) size += verdict->identity.external_id.size;
  }
  return size <= EVENT_WORDS_MAX * sizeof(uint32_t);
}

static char *put_text(char *to, Slice text) {
  if (text.size < 32) {
    *to++ = (char)(0xa0 | text.size);
  } else if (text.size < 256) {
    *to++ = (char)0xd9;
    *to++ = (char)text.size;
  } else {
    *to++ = (char)0xda;
    *to++ = (char)(text.size >> 8);
    *to++ = (char)text.size;
  }
  return slice_put(to, text);
}

static char *put_u32(char *to, uint32_t number) {
  number = __builtin_bswap32(number);
  *to++ = (char)0xce;
  memcpy(to, &number, sizeof number);
  return to + sizeof number;
}

static char *put_double(char *to, double number) {
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  bits = __builtin_bswap64(bits);
  *to++ = (char)0xcb;
  memcpy(to, &bits, sizeof bits);
  return to + sizeof bits;
}

uint32_t event_pack(uint32_t words[EVENT_WORDS_MAX], const Verdict *verdict,
                    const Original *original, uint32_t latency_us) {
  const Slice nothing = SLICE("");
  bool is_found = verdict->outcome != NOT_FOUND;
  bool has_identity = is_found && verdict->has_identity;
  char *to = (char *)words;
  *to++ = (char)(0x90 | 14);
  to = put_text(to, (Slice){verdict->request_id, REQUEST_ID_BYTES});
  to = put_double(to, verdict->now_ms);
  to = put_text(to, verdict->root_key->workspace_id);
  to = put_text(to, is_found ? verdict->traits->keyspace_id : nothing);
  to = put_text(to, is_found ? verdict->key.key_id : nothing);
  to = put_text(to, has_identity ? verdict->key.identity_id : nothing);
  to = put_text(to, has_identity ? verdict->identity.external_id : nothing);
  *to++ = (char)verdict->outcome;
  /* No tags, no credits. */
  *to++ = (char)0x90;
  *to++ = 0;
  to = put_u32(to, latency_us);
  to = put_text(to, original->method);
  to = put_text(to, original->path);
  to = put_text(to, original->client_address);
  uint32_t size = (uint32_t)(to - (char *)words);
  memset(to, 0, 3);
  return size;
}
