#include "tree-state.h"

#include "bytes.h"
#include "failure.h"

/* The layout of data version 2; see the head of src/keys/tree-file.ts. */
enum {
  DATA_VERSION = 2,
  PAGE_HEADER_BYTES = 24,
  NODE_HEADER_BYTES = 8,
  LEAF_FLAG = 2,
  /* In a meta page, from the end of its header. */
  MAIN_ROOT_AT = 112,
  TRANSACTION_AT = 128,
  /* In the value of a node that stands for a named tree. */
  TREE_ROOT_AT = 40,
};

static const uint32_t magic = 0xbeefc0de;

/* Another process writes it. */
static uint64_t shared_u64_at(const char *at) {
  return __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE);
}

void tree_state_open(TreeState *state, const void *bytes) {
  const char *meta = (const char *)bytes + PAGE_HEADER_BYTES;
  if (u32_at(meta) != magic || u32_at(meta + 4) != DATA_VERSION) {
    fail("the replica is a file of another version of LMDB");
  }
  *state = (TreeState){.file = tree_file_at(bytes)};
}

bool tree_state_renew(TreeState *state) {
  const char *first = state->file.bytes + PAGE_HEADER_BYTES;
  const char *second = first + state->file.page_bytes;
  for (;;) {
    uint64_t one = shared_u64_at(first + TRANSACTION_AT);
    uint64_t other = shared_u64_at(second + TRANSACTION_AT);
    uint64_t newest = one > other ? one : other;
    if (newest == state->transaction) return false;
    uint64_t root = shared_u64_at((one > other ? first : second) + MAIN_ROOT_AT);
    /* A commit writes the older of the two: the newer was whole unless a commit came between. */
    bool is_same = shared_u64_at(first + TRANSACTION_AT) == one &&
                   shared_u64_at(second + TRANSACTION_AT) == other;
    if (!is_same) continue;
    state->transaction = newest;
    state->main_root = root;
    return true;
  }
}

uint64_t tree_state_root(const TreeState *state, const char *name) {
  /* The npm package keeps names with the NUL that ends them. */
  Slice wanted = {name, strlen(name) + 1};
  const TreeFile *file = &state->file;
  const char *nodes = file->bytes + state->main_root * file->page_bytes + PAGE_HEADER_BYTES;
  if ((u16_at(nodes - 6) & LEAF_FLAG) == 0) fail("the replica has more tables than fit on a page");
  for (int place = 0; place < u16_at(nodes - 4) / 2; place += 1) {
    const char *node = nodes + u16_at(nodes + 2 * place);
    Slice key = {node + NODE_HEADER_BYTES, u16_at(node + 6)};
    if (slice_equals(key, wanted)) return u64_at(key.at + key.size + TREE_ROOT_AT);
  }
  fail("the replica has no table %s", name);
}
