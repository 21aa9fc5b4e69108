/*
 * Finds a key in a tree of LMDB by where it should stand: see the head of src/keys/tree-file.ts,
 * which also says which trees those are, and who keeps their pages as they are meanwhile.
 */
#ifndef TREE_FILE_H
#define TREE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

typedef struct {
  const char *bytes;
  uint64_t page_bytes;
} TreeFile;

/* A tree without pages. */
#define NO_TREE UINT64_MAX

/* `bytes`: where the file is mapped. */
TreeFile tree_file_at(const void *bytes);

/* False when the tree has no such key, which has four bytes at least. */
bool tree_file_find(const TreeFile *file, uint64_t root, Slice key, Slice *value);

#endif
