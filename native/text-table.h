/*
 * Numbers for texts: each different one gets the next, from 0. Bounded: past it, whoever adds has
 * to clear the table. Who chooses the texts cannot make them meet: the hash has a seed.
 */
#ifndef TEXT_TABLE_H
#define TEXT_TABLE_H

#include <stdint.h>

#include "slice.h"

typedef struct {
  uint64_t hash;
  Slice text;
} TextEntry;

typedef struct {
  uint64_t seed;
  /* Number + 1 of an entry, or 0; a power of two of them. */
  uint32_t *places;
  uint32_t place_count;
  TextEntry *entries;
  int entry_count;
  int entry_count_max;
} TextTable;

/* `seed`: random. */
void text_table_open(TextTable *table, int entry_count_max, uint64_t seed);
void text_table_close(TextTable *table);

/* The text's number, or -1. */
int text_table_find(const TextTable *table, Slice text);

/* The number of a text that is not there yet, which is copied; -1 when the table is full. */
int text_table_add(TextTable *table, Slice text);

void text_table_clear(TextTable *table);

#endif
