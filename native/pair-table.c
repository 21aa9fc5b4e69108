#include "pair-table.h"

#include <stdlib.h>
#include <string.h>

#include "must.h"

enum { PLACES = 1 << 17, ENTRIES_MAX = PLACES / 2 };

void pair_table_open(PairTable *table) {
  *table = (PairTable){calloc(PLACES, sizeof(uint64_t)), 0};
  MUST(table->places == NULL);
}

void pair_table_close(PairTable *table) {
  free(table->places);
}

/* Never 0, its lowest bit clear. */
static uint64_t name_of(int first, int second) {
  return ((((uint64_t)first << 31) | (uint64_t)second) + 1) << 1;
}

/* Where the pair stands, or would. */
static uint64_t *place_of(const PairTable *table, uint64_t name) {
  uint64_t place = (name * 0x9e3779b97f4a7c15u) >> 47;
  for (;; place += 1) {
    uint64_t *found = &table->places[place & (PLACES - 1)];
    if (*found == 0 || (*found & ~(uint64_t)1) == name) return found;
  }
}

int pair_table_find(const PairTable *table, int first, int second) {
  uint64_t found = *place_of(table, name_of(first, second));
  return found == 0 ? PAIR_UNKNOWN : (int)(found & 1);
}

bool pair_table_add(PairTable *table, int first, int second, bool answer) {
  if (table->entry_count == ENTRIES_MAX) return false;
  uint64_t name = name_of(first, second);
  uint64_t *place = place_of(table, name);
  if (*place == 0) table->entry_count += 1;
  *place = name | answer;
  return true;
}

void pair_table_clear(PairTable *table) {
  if (table->entry_count == 0) return;
  table->entry_count = 0;
  memset(table->places, 0, PLACES * sizeof(uint64_t));
}
