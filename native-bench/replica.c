#include "replica.h"

#include "failure.h"

static const size_t map_bytes = (size_t)1 << 38;

static void must(int result, const char *what) {
  if (result != MDB_SUCCESS) fail("%s: %s", what, mdb_strerror(result));
}

static void find_roots(Replica *replica) {
  if (!tree_state_renew(&replica->state)) return;
  replica->keys = tree_state_root(&replica->state, "keys");
  replica->root_keys = tree_state_root(&replica->state, "rootKeys");
  replica->identities = tree_state_root(&replica->state, "identities");
}

void replica_open(Replica *replica, const char *path) {
  must(mdb_env_create(&replica->environment), "an LMDB environment");
  must(mdb_env_set_mapsize(replica->environment, map_bytes), "the size of the map");
  must(mdb_env_set_maxdbs(replica->environment, 8), "the number of tables");
  must(mdb_env_set_maxreaders(replica->environment, 2048), "the number of readers");
  must(mdb_env_open(replica->environment, path, MDB_RDONLY | MDB_NOSUBDIR, 0600), path);
  MDB_txn *opening;
  must(mdb_txn_begin(replica->environment, NULL, MDB_RDONLY, &opening), path);
  must(mdb_dbi_open(opening, "documents", 0, &replica->documents), "table documents");
  /* Handles outlive the transaction that opened them only if it is committed. */
  must(mdb_txn_commit(opening), "the tables");
  must(mdb_txn_begin(replica->environment, NULL, MDB_RDONLY, &replica->snapshot), path);
  MDB_envinfo envinfo;
  must(mdb_env_info(replica->environment, &envinfo), "the map");
  tree_state_open(&replica->state, envinfo.me_mapaddr);
  find_roots(replica);
}

void replica_enter(Replica *replica) {
  must(mdb_txn_renew(replica->snapshot), "a snapshot");
  find_roots(replica);
}

void replica_leave(Replica *replica) {
  mdb_txn_reset(replica->snapshot);
}

void replica_each_document(Replica *replica, Slice prefix,
                           void (*visit)(void *context, Slice id, Slice json), void *context) {
  MDB_cursor *cursor;
  must(mdb_cursor_open(replica->snapshot, replica->documents, &cursor), "a cursor");
  MDB_val key = {prefix.size, (void *)prefix.at};
  MDB_val value;
  int result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (result == MDB_SUCCESS) {
    Slice name = {key.mv_data, key.mv_size};
    if (!slice_starts_with(name, prefix)) break;
    Slice id = {name.at + prefix.size, name.size - prefix.size};
    visit(context, id, (Slice){value.mv_data, value.mv_size});
    result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
}
