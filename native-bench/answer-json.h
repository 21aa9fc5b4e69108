/* The answer to a verification, byte for byte as src/http/verify-answer.ts writes it. */
#ifndef ANSWER_JSON_H
#define ANSWER_JSON_H

#include "verdict.h"

enum { ANSWER_BYTES_MAX = 16 << 10 };

/* Returns its size. Key, identity and slugs must fit: nothing is checked while it is written. */
size_t answer_json(const Verdict *verdict, char json[ANSWER_BYTES_MAX]);

#endif
