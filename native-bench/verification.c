#include "verification.h"

#include <stdio.h>

#include "failure.h"
#include "instant.h"
#include "json-text.h"

enum { BODY_TEXT_MAX = 2048 };

typedef struct {
  Slice key;
  /* Empty when nothing is asked. */
  Slice permissions;
  char key_room[BODY_TEXT_MAX];
  char permissions_room[BODY_TEXT_MAX];
} Request;

void verifier_open(Verifier *verifier, const char *replica_path, const char *folder,
                   uint64_t limit_slots) {
  memset(verifier, 0, sizeof *verifier);
  replica_open(&verifier->replica, replica_path);
  documents_load(&verifier->documents, &verifier->replica);
  limit_table_open(&verifier->limits, folder, limit_slots);
  event_spool_open(&verifier->spool, folder);
}

static bool read_request(Slice body, Request *request) {
  request->key = request->permissions = SLICE("");
  JsonObject object = json_object(body);
  JsonMember member;
  while (json_next(&object, &member)) {
    if (member.value.size > BODY_TEXT_MAX) return false;
    if (slice_equals(member.name, SLICE("key"))) {
      if (!json_string(member.value, request->key_room, &request->key)) return false;
    } else if (slice_equals(member.name, SLICE("permissions"))) {
      char *room = request->permissions_room;
      if (!json_string(member.value, room, &request->permissions)) return false;
    } else {
      return false;
    }
  }
  return !object.is_broken && request->key.size > 0;
}

static bool find_by_hash(Verifier *verifier, MDB_dbi table, Slice key, Slice *record) {
  unsigned char hash[SHA256_BYTES];
  sha256_of(key, hash);
  return replica_find(&verifier->replica, table, (Slice){(char *)hash, SHA256_BYTES}, record);
}

/* Whether the record is of a root key in force with every right, and the workspace that it has. */
static bool admits(const Verifier *verifier, Slice record, int64_t now_ms, Slice *workspace_id) {
  bool is_enabled = false;
  bool is_admin = false;
  long long expires_at_ms = 0;
  *workspace_id = SLICE("");
  JsonObject object = json_object(record);
  JsonMember member;
  while (json_next(&object, &member)) {
    if (slice_equals(member.name, SLICE("isEnabled"))) {
      is_enabled = slice_equals(member.value, SLICE("true"));
    } else if (slice_equals(member.name, SLICE("expiresAtMs"))) {
      expires_at_ms = atoll(member.value.at);
    } else if (slice_equals(member.name, SLICE("permissions"))) {
      is_admin = memmem(member.value.at, member.value.size, ":**#*\"", 6) != NULL;
    } else if (slice_equals(member.name, SLICE("workspaceId"))) {
      *workspace_id = (Slice){member.value.at + 1, member.value.size - 2};
    }
  }
  const Document *workspace = documents_find(&verifier->documents, *workspace_id);
  bool is_open = workspace != NULL && slice_equals(workspace->fact, SLICE("true"));
  return is_enabled && is_admin && is_open && (expires_at_ms == 0 || now_ms <= expires_at_ms);
}

static void gather_slugs(const Verifier *verifier, Verdict *verdict) {
  Slice ids = verdict->key.permission_ids;
  while (ids.size > 0) {
    const char *comma = memchr(ids.at, ',', ids.size);
    size_t length = comma == NULL ? ids.size : (size_t)(comma - ids.at);
    const Document *permission = documents_find(&verifier->documents, (Slice){ids.at, length});
    if (permission != NULL && verdict->slug_count < SLUGS_MAX) {
      verdict->slugs[verdict->slug_count++] = permission->fact;
    }
    size_t taken = comma == NULL ? length : length + 1;
    ids = (Slice){ids.at + taken, ids.size - taken};
  }
}

static void gather_identity(Verifier *verifier, Verdict *verdict) {
  Slice id = verdict->key.identity_id;
  if (id.size == 0) return;
  char name[300];
  size_t size = (size_t)snprintf(name, sizeof name, "identity:%.*s", (int)id.size, id.at);
  Slice json;
  MDB_dbi documents = verifier->replica.documents;
  if (!replica_find(&verifier->replica, documents, (Slice){name, size}, &json)) return;
  if (json.size > IDENTITY_BYTES_MAX) fail("an identity is larger than the floor can hold");
  verdict->has_identity = true;
  verdict->external_id = verdict->identity_meta = SLICE("");
  verdict->external_id_json = json_find(json, SLICE("externalId"));
  json_string(verdict->external_id_json, verdict->external_id_room, &verdict->external_id);
  Slice meta = json_find(json, SLICE("metaJson"));
  json_string(meta, verdict->identity_meta_room, &verdict->identity_meta);
}

static bool holds_slug(const Verdict *verdict, Slice slug) {
  for (int index = 0; index < verdict->slug_count; index += 1) {
    Slice held = verdict->slugs[index];
    if (slice_equals((Slice){held.at + 1, held.size - 2}, slug)) return true;
  }
  return false;
}

/* Slugs joined by ` AND `: of the product's language, what the benchmark asks. */
static bool holds_all(const Verdict *verdict, Slice query) {
  const Slice joint = SLICE(" AND ");
  while (query.size > 0) {
    const char *next = memmem(query.at, query.size, joint.at, joint.size);
    size_t length = next == NULL ? query.size : (size_t)(next - query.at);
    if (!holds_slug(verdict, (Slice){query.at, length})) return false;
    size_t taken = next == NULL ? length : length + joint.size;
    query = (Slice){query.at + taken, query.size - taken};
  }
  return true;
}

static bool take_limit(Verifier *verifier, Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  for (int index = 0; index < key->limit_count; index += 1) {
    const KeyLimit *limit = &key->limits[index];
    if (!limit->auto_apply) continue;
    if (verdict->limit != NULL) fail("a key has two limits that always apply");
    int64_t duration_ms = (int64_t)limit->duration_ms;
    uint64_t tag = limit_tag(key->workspace_id, key->key_id, limit->name, duration_ms);
    verdict->limit = limit;
    verdict->limit_verdict =
        limit_take(&verifier->limits, tag, (int64_t)limit->limit, duration_ms, verdict->now_ms);
  }
  return verdict->limit == NULL || !verdict->limit_verdict.is_exceeded;
}

static Outcome decide(Verifier *verifier, const Request *request, Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  if (key->has_credits || key->role_ids.size > 0 || key->migration_id.size > 0) {
    fail("the floor knows keys without credits, roles and imports only");
  }
  gather_slugs(verifier, verdict);
  gather_identity(verifier, verdict);
  if (!key->is_enabled) return DISABLED;
  if (key->expires_at_ms != 0 && (double)verdict->now_ms > key->expires_at_ms) return EXPIRED;
  if (!holds_all(verdict, request->permissions)) return INSUFFICIENT_PERMISSIONS;
  return take_limit(verifier, verdict) ? VALID : RATE_LIMITED;
}

static void record(Verifier *verifier, const Verdict *verdict, int64_t started_at_ns) {
  bool is_found = verdict->outcome != NOT_FOUND;
  event_spool_append(&verifier->spool, &(VerificationEvent){
      .request_id = verdict->request_id,
      .time_ms = verdict->now_ms,
      .workspace_id = verdict->workspace_id,
      .keyspace_id = is_found ? verdict->keyspace_id : SLICE(""),
      .key_id = is_found ? verdict->key.key_id : SLICE(""),
      .identity_id = verdict->has_identity ? verdict->key.identity_id : SLICE(""),
      .external_id = verdict->has_identity ? verdict->external_id : SLICE(""),
      .outcome = (uint8_t)verdict->outcome,
      .latency_us = (uint32_t)((monotonic_ns() - started_at_ns) / 1000),
  });
}

/* The key, if it is there and belongs to the workspace that asks. */
static bool find_key(Verifier *verifier, Slice key, Verdict *verdict) {
  Slice bytes;
  if (!find_by_hash(verifier, verifier->replica.keys, key, &bytes)) return false;
  key_record_decode(bytes, &verdict->key);
  const Document *api = documents_find(&verifier->documents, verdict->key.api_id);
  if (api == NULL) return false;
  verdict->keyspace_id = api->fact;
  return slice_equals(verdict->key.workspace_id, verdict->workspace_id);
}

static bool is_admitted(Verifier *verifier, Slice root_key, Verdict *verdict) {
  Slice found;
  if (!find_by_hash(verifier, verifier->replica.root_keys, root_key, &found)) return false;
  return admits(verifier, found, verdict->now_ms, &verdict->workspace_id);
}

Answer verify_key(Verifier *verifier, Slice root_key, Slice body, char json[ANSWER_BYTES_MAX]) {
  int64_t started_at_ns = monotonic_ns();
  Request request;
  if (!read_request(body, &request)) return (Answer){400, 0};
  /* Not cleared as a whole: most of it is room that only escapes need. */
  Verdict verdict;
  verdict.now_ms = unix_ms();
  verdict.slug_count = 0;
  verdict.has_identity = false;
  verdict.limit = NULL;
  if (!is_admitted(verifier, root_key, &verdict)) return (Answer){401, 0};
  bool is_found = find_key(verifier, request.key, &verdict);
  verdict.outcome = is_found ? decide(verifier, &request, &verdict) : NOT_FOUND;
  char id[REQUEST_ID_BYTES];
  request_id_make(&verifier->request_ids, id);
  verdict.request_id = (Slice){id, REQUEST_ID_BYTES};
  record(verifier, &verdict, started_at_ns);
  return (Answer){200, answer_json(&verdict, json)};
}
