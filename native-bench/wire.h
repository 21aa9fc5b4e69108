/* A connection of the driver: one request at a time out, one response in. */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>

#include "slice.h"

enum { WIRE_BUFFER_BYTES = 256 << 10 };

typedef struct {
  int socket;
  bool is_busy;
  /* When the request on its way was meant to be sent. */
  int64_t intended_ns;
  size_t filled;
  char buffer[WIRE_BUFFER_BYTES];
} Wire;

typedef struct {
  int status;
  Slice body;
} Response;

/* To 127.0.0.1. Ends the program when nobody listens. */
void wire_open(Wire *wire, int port);

/* A request that does not fit into the socket's buffer ends the program: none is so large. */
void wire_send(Wire *wire, Slice request, int64_t intended_ns);

/*
 * Reads what is there. True when that completes the response, whose body is valid until the next
 * call. A response without Content-Length, or a connection that is closed, ends the program.
 */
bool wire_receive(Wire *wire, Response *response);

#endif
