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

#include "sha256.h"
#include "slice.h"

typedef struct {
  MDB_env *environment;
  MDB_txn *snapshot;
  MDB_dbi keys;
  MDB_dbi root_keys;
  MDB_dbi identities;
  MDB_dbi documents;
} Replica;

/* Opens the file and enters a snapshot. Ends the program when it cannot. */
void replica_open(Replica *replica, const char *path);
void replica_enter(Replica *replica);
void replica_leave(Replica *replica);

/* False when there is no such entry. */
bool replica_find(Replica *replica, MDB_dbi table, Slice name, Slice *found);

/* Calls `visit` with each document whose name starts with `prefix`, which is left out of `id`. */
void replica_each_document(Replica *replica, Slice prefix,
                           void (*visit)(void *context, Slice id, Slice json), void *context);

#endif
