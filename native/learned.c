#include "learned.h"

#include <stdlib.h>
#include <sys/random.h>

#include "must.h"
#include "sha256.h"

enum {
  ROOT_KEYS_MAX = 10000,
  TRAITS_MAX = 10000,
  QUERIES_MAX = 1000,
  /* Usual ones take some hundred bytes, those with thousands of permissions up to 256 KiB. */
  TRAITS_BYTES_MAX = 64 << 20,
};

static uint64_t draw_seed(void) {
  uint64_t seed;
  MUST(getrandom(&seed, sizeof seed, 0) != sizeof seed);
  return seed;
}

void learned_open(Learned *learned) {
  text_table_open(&learned->root_key_numbers, ROOT_KEYS_MAX, draw_seed());
  text_table_open(&learned->traits_numbers, TRAITS_MAX, draw_seed());
  text_table_open(&learned->query_numbers, QUERIES_MAX, draw_seed());
  learned->root_keys = calloc(ROOT_KEYS_MAX, sizeof(LearnedRootKey));
  learned->traits = calloc(TRAITS_MAX, sizeof(LearnedTraits));
  MUST(learned->root_keys == NULL || learned->traits == NULL);
  pair_table_open(&learned->visible);
  pair_table_open(&learned->satisfied);
}

/* Without bytes, `text` may have no address either. */
static Slice copy_of(Slice text) {
  char *copy = malloc(text.size + 1);
  MUST(copy == NULL);
  if (text.size > 0) slice_put(copy, text);
  return (Slice){copy, text.size};
}

/* Also of one that never was. */
static void free_slice(Slice text) {
  free((char *)text.at);
}

static void free_traits(const LearnedTraits *traits) {
  free_slice(traits->workspace_id);
  free_slice(traits->keyspace_id);
  free_slice(traits->rights_json);
  free_slice(traits->permissions_header);
  for (int index = 0; index < traits->limit_count; index += 1) {
    free_slice(traits->limits[index].json);
    free_slice(traits->limits[index].header_name);
  }
}

void learned_forget(Learned *learned) {
  for (int number = 0; number < learned->root_key_numbers.entry_count; number += 1) {
    free_slice(learned->root_keys[number].workspace_id);
  }
  for (int number = 0; number < learned->traits_numbers.entry_count; number += 1) {
    free_traits(&learned->traits[number]);
  }
  text_table_clear(&learned->root_key_numbers);
  text_table_clear(&learned->traits_numbers);
  learned->traits_bytes = 0;
  text_table_clear(&learned->query_numbers);
  pair_table_clear(&learned->visible);
  pair_table_clear(&learned->satisfied);
}

void learned_close(Learned *learned) {
  learned_forget(learned);
  text_table_close(&learned->root_key_numbers);
  text_table_close(&learned->traits_numbers);
  text_table_close(&learned->query_numbers);
  free(learned->root_keys);
  free(learned->traits);
  pair_table_close(&learned->visible);
  pair_table_close(&learned->satisfied);
}

size_t root_key_name(Slice token, bool is_open, Slice api_id, char *room) {
  size_t size = is_open ? 0 : SHA256_BYTES;
  if (size + api_id.size > ROOT_KEY_NAME_BYTES_MAX) return 0;
  if (!is_open) sha256_of(token, (unsigned char *)room);
  if (api_id.size > 0) memcpy(room + size, api_id.at, api_id.size);
  return size + api_id.size;
}

int learned_add_root_key(Learned *learned, Slice name, LearnedRootKey root_key) {
  int number = text_table_add(&learned->root_key_numbers, name);
  if (number < 0) return number;
  root_key.workspace_id = copy_of(root_key.workspace_id);
  learned->root_keys[number] = root_key;
  return number;
}

static size_t bytes_of(Slice text, const LearnedTraits *traits) {
  size_t size = text.size + traits->workspace_id.size + traits->keyspace_id.size +
                traits->rights_json.size + traits->permissions_header.size;
  for (int index = 0; index < traits->limit_count; index += 1) {
    size += traits->limits[index].json.size + traits->limits[index].header_name.size;
  }
  return size;
}

int learned_add_traits(Learned *learned, Slice text, const LearnedTraits *traits) {
  size_t size = bytes_of(text, traits);
  if (learned->traits_bytes + size > TRAITS_BYTES_MAX) return -1;
  int number = text_table_add(&learned->traits_numbers, text);
  if (number < 0) return number;
  learned->traits_bytes += size;
  LearnedTraits *copy = &learned->traits[number];
  *copy = *traits;
  copy->workspace_id = copy_of(traits->workspace_id);
  copy->keyspace_id = copy_of(traits->keyspace_id);
  copy->rights_json = copy_of(traits->rights_json);
  copy->permissions_header = copy_of(traits->permissions_header);
  for (int index = 0; index < traits->limit_count; index += 1) {
    copy->limits[index].json = copy_of(traits->limits[index].json);
    copy->limits[index].header_name = copy_of(traits->limits[index].header_name);
  }
  return number;
}
