/*
 * What many keys have in common: src/keys/traits.ts. The text of it stands in each key's record and
 * is parsed once for each different one, as the product does; so is what follows from it, the slugs
 * and the pieces of the answer that are the same for all of these keys.
 */
#ifndef KEY_TRAITS_H
#define KEY_TRAITS_H

#include <stdint.h>

#include "documents.h"

enum { SLUGS_MAX = 64 };

/* The one limit that always applies. */
typedef struct {
  /* Which of the key's limits it is. */
  int place;
  int64_t limit;
  int64_t duration_ms;
  /* What its counters have in common: see limit_scope. */
  uint64_t scope;
  /* Of the answer, from behind its id up to what remains of it. */
  Slice json;
} KeyLimit;

typedef struct {
  /* The text that it was parsed from. */
  Slice text;
  uint64_t text_hash;
  Slice workspace_id;
  bool is_workspace_enabled;
  bool has_api;
  Slice keyspace_id;
  /* In the order in which the answer names them. */
  Slice slugs[SLUGS_MAX];
  int slug_count;
  /* A member of the answer with the comma before it; empty without permissions. */
  Slice permissions_json;
  bool has_limit;
  KeyLimit limit;
} KeyTraits;

typedef struct {
  const Documents *documents;
  /* Where the table is free: NULL. */
  const KeyTraits **places;
  size_t trait_count;
  /* Mostly it is that of the record before: comparing is cheaper than hashing. */
  const KeyTraits *last;
} KeyTraitsTable;

void key_traits_open(KeyTraitsTable *table, const Documents *documents);

/* Ends the program on what the floor does not do: roles, and two limits that always apply. */
const KeyTraits *key_traits_read(KeyTraitsTable *table, Slice text);

#endif
