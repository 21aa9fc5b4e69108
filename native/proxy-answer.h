/*
 * The answer to a proxy that may pass a request on: its headers as src/http/forward-auth-answer.ts
 * makes them, and its body. What is refused is answered in TypeScript.
 */
#ifndef PROXY_ANSWER_H
#define PROXY_ANSWER_H

#include "verdict.h"

/* No answer is longer; 0 when a value is unusual: not ASCII, or too long for a header. */
size_t proxy_headers_bytes_max(const Verdict *verdict);

/* The value of Content-Type and all headers behind it, without the line's end. */
char *proxy_put_headers(char *to, const Verdict *verdict);

char *proxy_put_body(char *to, const Verdict *verdict);

#endif
