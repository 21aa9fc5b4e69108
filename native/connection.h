/*
 * Connections, as libuv tells of them: what was received and not yet used, and what is still to be
 * sent because the kernel had no room for it.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdint.h>

#include "libuv.h"
#include "slice.h"

typedef enum {
  /* Requests are read and answered. */
  CONNECTION_READING,
  /* A request is with JavaScript, which will answer it; nothing is read meanwhile. */
  CONNECTION_ASKING,
  /* Its last answer is on its way: what else comes is thrown away. */
  CONNECTION_ENDING,
  /* Bytes pass to its peer as they come. */
  CONNECTION_TUNNEL,
} ConnectionState;

/* Bytes that are kept, from `at` on. */
typedef struct {
  char *bytes;
  size_t at;
  size_t end;
  size_t room;
} Kept;

void kept_add(Kept *kept, Slice bytes);
void kept_clear(Kept *kept);
static inline size_t kept_size(const Kept *kept) { return kept->end - kept->at; }

typedef struct Connection Connection;
struct Connection {
  /* Whose it is. */
  void *door;
  uv_poll_t *poll;
  /* What is polled for; 0 for nothing. */
  int events;
  int descriptor;
  /* Where it stands in the table, and a number that no other connection there had. */
  uint32_t slot;
  uint32_t age;
  ConnectionState state;
  /* The other end is gone: to be closed when nothing refers to it. */
  bool is_broken;
  /* The request that JavaScript has is its last. */
  bool is_last;
  /* Its request waits to be looked up with those of others. */
  bool is_gathered;
  /* Of a tunnel: that nothing more will be sent, once all that was kept is. */
  bool ends;
  /* The other end will send nothing more. */
  bool is_half_closed;
  /* Of the peer of a tunnel: it leads to uWebSockets.js. */
  bool is_inner;
  /* In seconds, when something came or went. */
  int64_t touched_s;
  /* What was received: the beginning of a request, or requests that have to wait. */
  Kept in;
  /* How long the request is in all whose beginning was received; 0 where that is not known. */
  size_t needed;
  Kept out;
  Connection *peer;
};

typedef struct {
  /* NULL where a place is free. */
  Connection **at;
  uint32_t room;
  uint32_t count;
  /* So many of these are free, the next one last. */
  uint32_t free_count;
  uint32_t *free_slots;
  /* Raised with each connection. */
  uint32_t ages;
} ConnectionTable;

/* Starts to read from a socket that does not block; NULL, and the socket closed, without memory. */
Connection *connection_open(ConnectionTable *table, uv_loop_t *loop, int descriptor, void *door,
                            uv_poll_cb callback);

/* The connection at this place if it is still that one. */
Connection *connection_find(const ConnectionTable *table, uint32_t slot, uint32_t age);

/* What to watch for from now on. */
void connection_watch(Connection *connection, int events, uv_poll_cb callback);

/* As much as the kernel takes; the rest is kept. False when the other end is gone. */
bool connection_send(Connection *connection, Slice bytes);

/* As much as the kernel takes of what was kept. False when the other end is gone. */
bool connection_send_kept(Connection *connection);

/* Closes the socket, and does nothing if it is closed; the memory goes when the loop is back. */
void connection_close(ConnectionTable *table, Connection *connection);

#endif
