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

/*
 * On the way from the root of a tree to the leaf where a key stands, if it is there. Several of
 * them can go down side by side: all a page further, then all fetch the next one.
 */
typedef struct {
  /* The page it is at. */
  uint64_t number;
  /* Between which prefixes the page's keys are. */
  uint64_t low;
  uint64_t high;
} TreeWalk;

TreeWalk tree_walk_from(uint64_t root);

/* A page further down; false at the leaf, and in a tree without pages. Keys have four bytes at
 * least. */
bool tree_walk_down(const TreeFile *file, Slice key, TreeWalk *walk);

/* Has the processor fetch what the next step will read. */
void tree_walk_fetch(const TreeFile *file, Slice key, const TreeWalk *walk);

/* At the leaf: false when it has no such key. */
bool tree_walk_end(const TreeFile *file, Slice key, TreeWalk *walk, Slice *value);

/* False when the tree has no such key. */
bool tree_file_find(const TreeFile *file, uint64_t root, Slice key, Slice *value);

#endif
