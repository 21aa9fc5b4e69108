#include "verification.h"

#include "failure.h"
#include "instant.h"
#include "json-text.h"

enum { BODY_TEXT_MAX = 2048, IDENTITY_KEY_BYTES_MAX = 260 };

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
  key_traits_open(&verifier->traits, &verifier->documents);
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

static bool holds_slug(const KeyTraits *traits, Slice slug) {
  for (int index = 0; index < traits->slug_count; index += 1) {
    if (slice_equals(traits->slugs[index], slug)) return true;
  }
  return false;
}

/* Slugs joined by ` AND `: of the product's language, what the benchmark asks. */
static bool holds_all(const KeyTraits *traits, Slice query) {
  const Slice joint = SLICE(" AND ");
  while (query.size > 0) {
    const char *next = memmem(query.at, query.size, joint.at, joint.size);
    size_t length = next == NULL ? query.size : (size_t)(next - query.at);
    if (!holds_slug(traits, (Slice){query.at, length})) return false;
    size_t taken = next == NULL ? length : length + joint.size;
    query = (Slice){query.at + taken, query.size - taken};
  }
  return true;
}

static bool take_limit(Verifier *verifier, Verdict *verdict) {
  const KeyLimit *limit = &verdict->traits->limit;
  if (!verdict->traits->has_limit) return true;
  uint64_t tag = limit_tag(limit->scope, verdict->key.key_id);
  verdict->is_limit_checked = true;
  verdict->limit_verdict =
      limit_take(&verifier->limits, tag, limit->limit, limit->duration_ms, verdict->now_ms);
  return !verdict->limit_verdict.is_exceeded;
}

static void must_be_known(bool is_known) {
  if (!is_known) fail("the replica holds records of another form: native must follow src/keys");
}

static bool find_identity(const Replica *replica, Slice id, IdentityRecord *identity) {
  char room[IDENTITY_KEY_BYTES_MAX];
  Slice key = {room, identity_key(id, room, sizeof room)};
  Slice bytes;
  if (key.size == 0) fail("an identity's id is longer than the floor can hold");
  if (!replica_find(replica, replica->identities, key, &bytes)) return false;
  must_be_known(identity_record_read(bytes, identity));
  if (identity->limit_ids.size > 0) fail("the floor knows identities without limits only");
  return true;
}

static Outcome decide(Verifier *verifier, const Request *request, Verdict *verdict) {
  const KeyRecord *key = &verdict->key;
  if (key->has_credits) fail("the floor knows keys without credits only");
  verdict->has_identity =
      key->identity_id.size > 0 &&
      find_identity(&verifier->replica, key->identity_id, &verdict->identity);
  if (!key->is_enabled) return DISABLED;
  if (key->expires_at_ms != 0 && (double)verdict->now_ms > key->expires_at_ms) return EXPIRED;
  if (!holds_all(verdict->traits, request->permissions)) return INSUFFICIENT_PERMISSIONS;
  return take_limit(verifier, verdict) ? VALID : RATE_LIMITED;
}

static void record(Verifier *verifier, const Verdict *verdict, int64_t started_at_ns) {
  bool is_found = verdict->outcome != NOT_FOUND;
  event_spool_append(&verifier->spool, &(VerificationEvent){
      .request_id = verdict->request_id,
      .time_ms = verdict->now_ms,
      .workspace_id = verdict->workspace_id,
      .keyspace_id = is_found ? verdict->traits->keyspace_id : SLICE(""),
      .key_id = is_found ? verdict->key.key_id : SLICE(""),
      .identity_id = verdict->has_identity ? verdict->key.identity_id : SLICE(""),
      .external_id = verdict->has_identity ? verdict->identity.external_id : SLICE(""),
      .outcome = (uint8_t)verdict->outcome,
      .latency_us = (uint32_t)((monotonic_ns() - started_at_ns) / 1000),
  });
}

/* The key, if it is there and belongs to the workspace that asks. */
static bool find_key(Verifier *verifier, Slice key, Verdict *verdict) {
  unsigned char hash[SHA256_BYTES];
  sha256_of(key, hash);
  Slice bytes;
  Replica *replica = &verifier->replica;
  if (!replica_find(replica, replica->keys, (Slice){(char *)hash, SHA256_BYTES}, &bytes)) {
    return false;
  }
  must_be_known(key_record_read(bytes, &verdict->key));
  if (!verdict->key.is_ascii) fail("the floor reads texts that are ASCII only");
  const KeyTraits *traits = key_traits_read(&verifier->traits, verdict->key.traits);
  verdict->traits = traits;
  return traits->has_api && slice_equals(traits->workspace_id, verdict->workspace_id);
}

Answer verify_key(Verifier *verifier, Slice root_key, Slice body, char json[ANSWER_BYTES_MAX]) {
  int64_t started_at_ns = monotonic_ns();
  Request request;
  if (!read_request(body, &request)) return (Answer){400, 0};
  Verdict verdict;
  verdict.now_ms = unix_ms();
  verdict.has_identity = verdict.is_limit_checked = false;
  bool is_admitted = root_key_admits(&verifier->root_key, &verifier->replica,
                                     &verifier->documents, root_key, verdict.now_ms);
  if (!is_admitted) return (Answer){401, 0};
  verdict.workspace_id = verifier->root_key.workspace_id;
  bool is_found = find_key(verifier, request.key, &verdict);
  verdict.outcome = is_found ? decide(verifier, &request, &verdict) : NOT_FOUND;
  char id[REQUEST_ID_BYTES];
  request_id_make(&verifier->request_ids, id);
  verdict.request_id = (Slice){id, REQUEST_ID_BYTES};
  record(verifier, &verdict, started_at_ns);
  return (Answer){200, answer_json(&verdict, json)};
}
