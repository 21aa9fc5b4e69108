/*
 * What was learned from TypeScript, which knows the meaning of documents: that a root key is good
 * and whose it is, what keys with the same traits have in common, whether a root key may know of
 * them, whether they satisfy a query. All of it follows from documents, and is forgotten when one
 * of them changes.
 */
#ifndef LEARNED_H
#define LEARNED_H

#include <stdbool.h>

#include "pair-table.h"
#include "text-table.h"
#include "windows.h"

enum { LIMITS_MAX = 8 };

typedef struct {
  Slice workspace_id;
  /* Unix ms; 0 when it does not expire. */
  double expires_at_ms;
} LearnedRootKey;

/* A limit that always applies. */
typedef struct {
  /* Which of the record's limits it is. */
  int place;
  double limit;
  WindowLimit window;
  /* Of the answer, from behind its id up to what remains of it. */
  Slice json;
  /* Its name as the value of a header. */
  Slice header_name;
} LearnedLimit;

typedef struct {
  /* Decided in TypeScript: the rest does not hold. */
  bool is_unusual;
  Slice workspace_id;
  Slice keyspace_id;
  /* Of the answer: permissions and roles, each with a comma before it. */
  Slice rights_json;
  /* The permissions as the value of a header, if they fit in one. */
  bool has_permissions_header;
  Slice permissions_header;
  int limit_count;
  LearnedLimit limits[LIMITS_MAX];
} LearnedTraits;

typedef struct {
  /* By SHA-256 of the root key and the API that it is confined to (see root_key_name), by the text
   * of the traits, by the query. */
  TextTable root_key_numbers;
  TextTable traits_numbers;
  TextTable query_numbers;
  LearnedRootKey *root_keys;
  LearnedTraits *traits;
  /* Of the texts of all traits. */
  size_t traits_bytes;
  /* Of root key and traits; of traits and query. */
  PairTable visible;
  PairTable satisfied;
} Learned;

void learned_open(Learned *learned);
void learned_close(Learned *learned);
void learned_forget(Learned *learned);

/*
 * What a root key is known by: its digest, then the id of the API that a proxy asks for. The digest
 * is left out where that API needs no root key. Returns the length, or 0 when there is no room.
 */
enum { ROOT_KEY_NAME_BYTES_MAX = 256 };
size_t root_key_name(Slice token, bool is_open, Slice api_id, char *room);

/* The number of it, or -1 when there is no room: then everything is to be forgotten. Texts are
 * copied. `text` must not be there yet. */
int learned_add_root_key(Learned *learned, Slice name, LearnedRootKey root_key);
int learned_add_traits(Learned *learned, Slice text, const LearnedTraits *traits);

#endif
