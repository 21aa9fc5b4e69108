#include "root-key.h"

#include "failure.h"
#include "json-text.h"

static void read_record(RootKey *root_key, const Documents *documents, Slice record) {
  bool is_enabled = slice_equals(json_find(record, SLICE("isEnabled")), SLICE("true"));
  Slice permissions = json_find(record, SLICE("permissions"));
  bool is_admin = memmem(permissions.at, permissions.size, ":**#*\"", 6) != NULL;
  Slice expires_at_ms = json_find(record, SLICE("expiresAtMs"));
  Slice workspace_json = json_find(record, SLICE("workspaceId"));
  if (workspace_json.size < 2) fail("a root key has no workspace");
  const Document *workspace =
      documents_find(documents, (Slice){workspace_json.at + 1, workspace_json.size - 2});
  bool is_open = workspace != NULL && slice_equals(workspace->fact, SLICE("true"));
  root_key->is_good = is_enabled && is_admin && is_open;
  root_key->expires_at_ms = expires_at_ms.size == 0 ? 0 : atoll(expires_at_ms.at);
  if (is_open) root_key->workspace_id = workspace->id;
}

bool root_key_admits(RootKey *last, const Replica *replica, const Documents *documents, Slice key,
                     int64_t now_ms) {
  unsigned char hash[SHA256_BYTES];
  sha256_of(key, hash);
  if (memcmp(hash, last->hash, SHA256_BYTES) != 0) {
    Slice record;
    Slice name = {(char *)hash, SHA256_BYTES};
    if (!replica_find(replica, replica->root_keys, name, &record)) return false;
    memcpy(last->hash, hash, SHA256_BYTES);
    read_record(last, documents, record);
  }
  return last->is_good && (last->expires_at_ms == 0 || now_ms <= last->expires_at_ms);
}
