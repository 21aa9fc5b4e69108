/*
 * A verdict as the `data` of the answer, byte for byte as src/http/verify-answer.ts writes it, and
 * the envelope around it.
 */
#ifndef ANSWER_JSON_H
#define ANSWER_JSON_H

#include "verdict.h"

/* No answer with this verdict is longer, envelope and all. */
size_t answer_bytes_max(const Verdict *verdict);

/* Each returns the place behind what it wrote. */
char *answer_open(char *to, const char request_id[REQUEST_ID_BYTES]);
char *answer_put(char *to, const Verdict *verdict);
char *answer_close(char *to);

/* One of the ids that have commas between them. */
Slice limit_id_at(Slice ids, int place);

#endif
