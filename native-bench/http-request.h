/* One HTTP/1.1 request in a buffer: its line, the headers that the floor looks at, its body. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "slice.h"

typedef enum { REQUEST_COMPLETE, REQUEST_UNFINISHED, REQUEST_BROKEN } RequestState;

typedef struct {
  Slice method;
  Slice path;
  Slice authorization;
  Slice content_type;
  Slice body;
  /* How much of the buffer it takes. */
  size_t size;
} HttpRequest;

/* Slices point into `bytes`. Transfer-Encoding is not understood: such a request is broken. */
RequestState http_request_read(Slice bytes, HttpRequest *request);

#endif
