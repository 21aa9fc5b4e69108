#include "tree-file.h"

#include "bytes.h"
#include "failure.h"

/* The layout of data version 2; see the head of src/keys/tree-file.ts. */
enum {
  DATA_VERSION = 2,
  PAGE_HEADER_BYTES = 24,
  NODE_HEADER_BYTES = 8,
  LEAF_FLAG = 2,
  BIG_FLAG = 1,
  /* In a meta page, from the end of its header. */
  PAGE_SIZE_AT = 24,
  MAIN_ROOT_AT = 112,
  TRANSACTION_AT = 128,
  /* In the value of a node that stands for a named tree. */
  TREE_ROOT_AT = 40,
  PREFIX_BYTES = 4,
  /* After so many guesses that went wrong the rest is halved. */
  GUESSES_MAX = 4,
};

static const uint32_t magic = 0xbeefc0de;
static const uint64_t no_page = UINT64_MAX;

/* Another process writes it. */
static uint64_t shared_u64_at(const char *at) {
  return __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE);
}

void tree_file_open(TreeFile *file, const void *bytes) {
  const char *meta = (const char *)bytes + PAGE_HEADER_BYTES;
  if (u32_at(meta) != magic || u32_at(meta + 4) != DATA_VERSION) {
    fail("the replica is a file of another version of LMDB");
  }
  *file = (TreeFile){.bytes = bytes, .page_bytes = u32_at(meta + PAGE_SIZE_AT)};
}

bool tree_file_renew(TreeFile *file) {
  const char *first = file->bytes + PAGE_HEADER_BYTES;
  const char *second = first + file->page_bytes;
  for (;;) {
    uint64_t one = shared_u64_at(first + TRANSACTION_AT);
    uint64_t other = shared_u64_at(second + TRANSACTION_AT);
    uint64_t newest = one > other ? one : other;
    if (newest == file->transaction) return false;
    uint64_t root = shared_u64_at((one > other ? first : second) + MAIN_ROOT_AT);
    /* A commit writes the older of the two: the newer was whole unless a commit came between. */
    bool is_same = shared_u64_at(first + TRANSACTION_AT) == one &&
                   shared_u64_at(second + TRANSACTION_AT) == other;
    if (!is_same) continue;
    file->transaction = newest;
    file->main_root = root;
    return true;
  }
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

uint64_t tree_file_root(const TreeFile *file, const char *name) {
  /* The npm package keeps names with the NUL that ends them. */
  Slice wanted = {name, strlen(name) + 1};
  Page page = page_at(file, file->main_root);
  if (!page.is_leaf) fail("the replica has more tables than fit on a page");
  for (int place = 0; place < page.node_count; place += 1) {
    Slice key = key_of(node_at(&page, place));
    if (slice_equals(key, wanted)) return u64_at(key.at + key.size + TREE_ROOT_AT);
  }
  fail("the replica has no table %s", name);
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

bool tree_file_find(const TreeFile *file, uint64_t root, Slice key, Slice *value) {
  if (root == no_page) return false;
  uint32_t wanted = prefix_of(key.at);
  /* Between which prefixes the page's keys are. */
  uint64_t low = 0;
  uint64_t high = (uint64_t)1 << 32;
  for (uint64_t number = root;;) {
    Page page = page_at(file, number);
    /* The first node of a branch stands for everything before the second. */
    int below = page.is_leaf ? -1 : 0;
    int above = page.node_count;
    for (int guesses = 0; above - below > 1; guesses += 1) {
      bool is_guessed = guesses < GUESSES_MAX && high > low;
      double share = is_guessed ? (double)(wanted - low) / (double)(high - low) : 0.5;
      int place = guess(below, above, share);
      const char *node = node_at(&page, place);
      uint32_t prefix = prefix_of(node + NODE_HEADER_BYTES);
      int order = wanted == prefix ? compare_rest(key, key_of(node)) : wanted < prefix ? -1 : 1;
      if (order == 0 && page.is_leaf) {
        *value = value_of(file, node);
        return true;
      }
      if (order < 0) {
        above = place;
        high = prefix;
      } else {
        below = place;
        low = prefix;
      }
    }
    if (page.is_leaf) return false;
    const char *node = node_at(&page, below);
    number = u32_at(node) + ((uint64_t)u16_at(node + 4) << 32);
  }
}
