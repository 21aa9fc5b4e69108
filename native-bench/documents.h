/*
 * The documents that are few and change seldom: workspaces, APIs, permissions. They are read once,
 * at the start, where the product reads them again after a change: neither does so for a request.
 */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "replica.h"

typedef struct {
  Slice id;
  /* Of a workspace `true` or `false`, of an API its keyspace's id, both as they are; of a
     permission its slug, as JSON with its quotes. */
  Slice fact;
} Document;

typedef struct {
  Document *places;
  size_t place_count;
  size_t document_count;
} Documents;

void documents_load(Documents *documents, Replica *replica);

/* NULL when there is none. */
const Document *documents_find(const Documents *documents, Slice id);

#endif
