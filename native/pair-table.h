/* Yes or no for pairs of numbers. Bounded: past it, whoever adds has to clear the table. */
#ifndef PAIR_TABLE_H
#define PAIR_TABLE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  /* The pair + 1 and the answer in the lowest bit, or 0. */
  uint64_t *places;
  int entry_count;
} PairTable;

enum { PAIR_UNKNOWN = -1 };

void pair_table_open(PairTable *table);
void pair_table_close(PairTable *table);

/* 1, 0 or PAIR_UNKNOWN. */
int pair_table_find(const PairTable *table, int first, int second);

/* False when the table is full. */
bool pair_table_add(PairTable *table, int first, int second, bool answer);

void pair_table_clear(PairTable *table);

#endif
