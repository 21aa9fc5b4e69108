#include "text-table.h"

#include <stdlib.h>

#include "must.h"

static uint64_t mix(uint64_t one, uint64_t other) {
  __uint128_t product = (__uint128_t)one * other;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(uint64_t seed, Slice text) {
  uint64_t hash = seed ^ text.size;
  const char *at = text.at;
  size_t left = text.size;
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    hash = mix(hash ^ word, seed | 1);
  }
  uint64_t word = 0;
  memcpy(&word, at, left);
  return mix(hash ^ word, seed | 1);
}

void text_table_open(TextTable *table, int entry_count_max, uint64_t seed) {
  uint32_t place_count = 1;
  while (place_count < 2 * (uint32_t)entry_count_max) place_count *= 2;
  *table = (TextTable){
      .seed = seed,
      .places = calloc(place_count, sizeof(uint32_t)),
      .place_count = place_count,
      .entries = calloc((size_t)entry_count_max, sizeof(TextEntry)),
      .entry_count_max = entry_count_max,
  };
  MUST(table->places == NULL || table->entries == NULL);
}

void text_table_close(TextTable *table) {
  text_table_clear(table);
  free(table->places);
  free(table->entries);
}

int text_table_find(const TextTable *table, Slice text) {
  uint64_t hash = hash_of(table->seed, text);
  for (uint32_t place = (uint32_t)hash;; place += 1) {
    uint32_t found = table->places[place & (table->place_count - 1)];
    if (found == 0) return -1;
    const TextEntry *entry = &table->entries[found - 1];
    if (entry->hash == hash && slice_equals(entry->text, text)) return (int)found - 1;
  }
}

int text_table_add(TextTable *table, Slice text) {
  if (table->entry_count == table->entry_count_max) return -1;
  char *copy = malloc(text.size + 1);
  MUST(copy == NULL);
  slice_put(copy, text);
  uint64_t hash = hash_of(table->seed, text);
  uint32_t place = (uint32_t)hash;
  while (table->places[place & (table->place_count - 1)] != 0) place += 1;
  int number = table->entry_count++;
  table->entries[number] = (TextEntry){hash, {copy, text.size}};
  table->places[place & (table->place_count - 1)] = (uint32_t)number + 1;
  return number;
}

void text_table_clear(TextTable *table) {
  for (int number = 0; number < table->entry_count; number += 1) {
    free((char *)table->entries[number].text.at);
  }
  table->entry_count = 0;
  memset(table->places, 0, table->place_count * sizeof(uint32_t));
}
