/*
 * The product's own replica, read in place. The file's format is that of the LMDB which the npm
 * package `lmdb` carries; Debian's liblmdb refuses it, so the Makefile builds the package's source.
 *
 * What is found points into the map and holds from one `replica_enter` to the next
 * `replica_leave`. A snapshot that is kept while nothing happens would keep the product from using
 * its free pages again: leave before waiting.
 */
#ifndef REPLICA_H
#define REPLICA_H

#include <lmdb.h>

#include "slice.h"
#include "tree-state.h"

typedef struct {
  MDB_env *environment;
  MDB_txn *snapshot;
  MDB_dbi documents;
  TreeState state;
  /* Roots in the state that is being read: what `replica_find` is to look in. */
  uint64_t keys;
  uint64_t root_keys;
  uint64_t identities;
} Replica;

/* Opens the file and enters a snapshot. Ends the program when it cannot. */
void replica_open(Replica *replica, const char *path);
void replica_enter(Replica *replica);
void replica_leave(Replica *replica);

/* False when there is no such entry. */
static inline bool replica_find(const Replica *replica, uint64_t table, Slice key, Slice *found) {
  return tree_file_find(&replica->state.file, table, key, found);
}

/* Calls `visit` with each document whose name starts with `prefix`, which is left out of `id`. */
void replica_each_document(Replica *replica, Slice prefix,
                           void (*visit)(void *context, Slice id, Slice json), void *context);

#endif
