#include "documents.h"

#include "failure.h"
#include "json-text.h"
#include "text-hash.h"

enum { PLACES = 1 << 17, DOCUMENTS_MAX = PLACES / 2 };

static Document *find_place(const Documents *documents, Slice id) {
  size_t mask = documents->place_count - 1;
  for (size_t place = text_hash(0, id) & mask;; place = (place + 1) & mask) {
    Document *document = &documents->places[place];
    if (document->id.size == 0 || slice_equals(document->id, id)) return document;
  }
}

static Slice copy_of(Slice slice) {
  char *copy = malloc(slice.size + 1);
  if (copy == NULL) fail_of_system("memory for documents");
  memcpy(copy, slice.at, slice.size);
  return (Slice){copy, slice.size};
}

static void add(Documents *documents, Slice id, Slice fact) {
  if (documents->document_count == DOCUMENTS_MAX) fail("there are more documents than expected");
  documents->document_count += 1;
  *find_place(documents, id) = (Document){copy_of(id), copy_of(fact)};
}

static void add_workspace(void *documents, Slice id, Slice json) {
  add(documents, id, json_find(json, SLICE("isEnabled")));
}

static void add_api(void *documents, Slice id, Slice json) {
  Slice addresses = json_find(json, SLICE("allowedAddresses"));
  if (!slice_equals(addresses, SLICE("\"\""))) fail("the floor knows APIs for any address only");
  Slice keyspace_id = SLICE("");
  char room[256];
  json_string(json_find(json, SLICE("keyspaceId")), room, &keyspace_id);
  add(documents, id, keyspace_id);
}

static void add_permission(void *documents, Slice id, Slice json) {
  add(documents, id, json_find(json, SLICE("slug")));
}

void documents_load(Documents *documents, Replica *replica) {
  *documents = (Documents){.places = calloc(PLACES, sizeof(Document)), .place_count = PLACES};
  if (documents->places == NULL) fail_of_system("memory for documents");
  replica_each_document(replica, SLICE("workspace:"), add_workspace, documents);
  replica_each_document(replica, SLICE("api:"), add_api, documents);
  replica_each_document(replica, SLICE("permission:"), add_permission, documents);
}

const Document *documents_find(const Documents *documents, Slice id) {
  const Document *document = find_place(documents, id);
  return document->id.size == 0 ? NULL : document;
}
