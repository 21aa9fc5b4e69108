#include "key-traits.h"

#include "failure.h"
#include "json-text.h"
#include "limit-table.h"
#include "text-hash.h"

/* The product keeps 10,000. */
enum { PLACES = 1 << 15, TRAITS_MAX = 10000 };

void key_traits_open(KeyTraitsTable *table, const Documents *documents) {
  *table = (KeyTraitsTable){documents, calloc(PLACES, sizeof(KeyTraits *)), 0, NULL};
  if (table->places == NULL) fail_of_system("memory for traits");
}

static void *allocate(size_t size) {
  void *memory = calloc(1, size);
  if (memory == NULL) fail_of_system("memory for traits");
  return memory;
}

/* The characters between the quotes: nothing that is looked up here needs an escape. */
static Slice unquoted(Slice json) {
  bool is_plain = json.size >= 2 && json.at[0] == '"' && memchr(json.at, '\\', json.size) == NULL;
  if (!is_plain) fail("the floor knows ids and names without escapes only");
  return (Slice){json.at + 1, json.size - 2};
}

static Slice next_item(JsonArray *array) {
  Slice item;
  if (!json_next_item(array, &item)) fail("the traits of a key are not what they should be");
  return item;
}

static void add_permissions(KeyTraits *traits, const Documents *documents, Slice ids) {
  size_t size = 0;
  JsonArray array = json_array(ids);
  for (Slice id; json_next_item(&array, &id);) {
    const Document *permission = documents_find(documents, unquoted(id));
    if (permission == NULL) continue;
    if (traits->slug_count == SLUGS_MAX) fail("a key has more permissions than the floor can hold");
    traits->slugs[traits->slug_count++] = unquoted(permission->fact);
    size += permission->fact.size + 1;
  }
  if (traits->slug_count == 0) return;
  const Slice start = SLICE(",\"permissions\":[\"");
  char *json = allocate(start.size + size + 2);
  char *to = slice_put(json, start);
  for (int index = 0; index < traits->slug_count; index += 1) {
    if (index > 0) to = slice_put(to, SLICE("\",\""));
    to = slice_put(to, traits->slugs[index]);
  }
  to = slice_put(to, SLICE("\"]"));
  traits->permissions_json = (Slice){json, (size_t)(to - json)};
}

static Slice limit_json(Slice name, Slice limit, Slice duration) {
  char *json = allocate(name.size + limit.size + duration.size + 64);
  char *to = slice_put(slice_put(json, SLICE("\",\"name\":")), name);
  to = slice_put(slice_put(to, SLICE(",\"limit\":")), limit);
  to = slice_put(slice_put(to, SLICE(",\"duration\":")), duration);
  to = slice_put(to, SLICE(",\"remaining\":"));
  return (Slice){json, (size_t)(to - json)};
}

static void add_limits(KeyTraits *traits, Slice terms) {
  JsonArray limits = json_array(terms);
  Slice one;
  for (int place = 0; json_next_item(&limits, &one); place += 1) {
    JsonArray parts = json_array(one);
    Slice name = next_item(&parts);
    Slice limit = next_item(&parts);
    Slice duration = next_item(&parts);
    if (!slice_equals(next_item(&parts), SLICE("1"))) continue;
    if (traits->has_limit) fail("a key has two limits that always apply");
    int64_t duration_ms = atoll(duration.at);
    traits->has_limit = true;
    traits->limit = (KeyLimit){
        .place = place,
        .limit = atoll(limit.at),
        .duration_ms = duration_ms,
        .scope = limit_scope(traits->workspace_id, unquoted(name), duration_ms),
        .json = limit_json(name, limit, duration),
    };
  }
}

/* `text` outlives what is made of it. */
static const KeyTraits *parse(const Documents *documents, Slice text, uint64_t hash) {
  KeyTraits *traits = allocate(sizeof *traits);
  JsonArray array = json_array(text);
  traits->text = text;
  traits->text_hash = hash;
  traits->workspace_id = unquoted(next_item(&array));
  const Document *workspace = documents_find(documents, traits->workspace_id);
  const Document *api = documents_find(documents, unquoted(next_item(&array)));
  traits->is_workspace_enabled = workspace != NULL && slice_equals(workspace->fact, SLICE("true"));
  traits->has_api = api != NULL;
  if (api != NULL) traits->keyspace_id = api->fact;
  add_permissions(traits, documents, next_item(&array));
  bool has_roles = !slice_equals(next_item(&array), SLICE("[]"));
  if (has_roles) fail("the floor knows keys without roles only");
  add_limits(traits, next_item(&array));
  return traits;
}

static const KeyTraits *find_or_parse(KeyTraitsTable *table, Slice text) {
  uint64_t hash = text_hash(0, text);
  size_t place = hash & (PLACES - 1);
  for (const KeyTraits *found; (found = table->places[place]) != NULL;) {
    if (found->text_hash == hash && slice_equals(found->text, text)) return found;
    place = (place + 1) & (PLACES - 1);
  }
  if (table->trait_count == TRAITS_MAX) fail("the keys differ more than the floor can hold");
  table->trait_count += 1;
  char *copy = allocate(text.size + 1);
  slice_put(copy, text);
  return table->places[place] = parse(table->documents, (Slice){copy, text.size}, hash);
}

const KeyTraits *key_traits_read(KeyTraitsTable *table, Slice text) {
  bool is_last = table->last != NULL && slice_equals(table->last->text, text);
  if (!is_last) table->last = find_or_parse(table, text);
  return table->last;
}
