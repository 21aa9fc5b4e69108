/*
 * The usual HTTP/1.1 request, whole and in one piece of memory. It is read strictly: whatever could
 * be understood in two ways, or means something special, is strange, and strange requests are for
 * uWebSockets.js alone to understand.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "slice.h"

enum { HTTP_HEADERS_MAX = 48, HTTP_HEAD_BYTES_MAX = 4096 };

typedef struct {
  /* As it was sent. */
  Slice name;
  /* Without blanks around it. */
  Slice value;
} HttpHeader;

typedef struct {
  Slice method;
  Slice path;
  /* Behind the question mark. */
  Slice query;
  Slice body;
  /* Whether the caller will ask nothing more on this connection. */
  bool is_last;
  int header_count;
  HttpHeader headers[HTTP_HEADERS_MAX];
} HttpHead;

typedef enum {
  HTTP_COMPLETE,
  /* Not all of it is there yet. */
  HTTP_PARTIAL,
  HTTP_STRANGE,
} HttpState;

/*
 * Reads the request that begins at `at`. *size is how long it is in all, as far as that is known:
 * 0 while its head is not complete.
 */
HttpState http_head_read(const char *at, const char *end, HttpHead *head, size_t *size);

/* The first header of this name, which is in lower case; empty when there is none. */
Slice http_header(const HttpHead *head, Slice name);

#endif
