/*
 * The door of a worker: the sockets that callers connect to. The usual verification, in the usual
 * request, is answered here from the socket to the socket, without a way through JavaScript. Every
 * other request that can be read with certainty is handed to JavaScript, which answers it by and
 * by; the first one of a connection that cannot makes the connection a tunnel to uWebSockets.js,
 * which is then the one to understand it.
 *
 * One door belongs to one thread, the one of its libuv loop.
 */
#ifndef DOOR_H
#define DOOR_H

#include "connection.h"
#include "engine.h"
#include "http-head.h"
#include "proxy-request.h"
#include "verification.h"

/* What JavaScript reads of a request: 32-bit numbers at these places. Pieces are two numbers, where
 * they begin in the arena and how long they are. */
enum {
  ASKED_SLOT,
  ASKED_AGE,
  ASKED_METHOD,
  ASKED_PATH = ASKED_METHOD + 2,
  ASKED_QUERY = ASKED_PATH + 2,
  ASKED_BODY = ASKED_QUERY + 2,
  ASKED_HEADER_COUNT = ASKED_BODY + 2,
  /* Name and value of each. */
  ASKED_HEADERS,
  ASKED_WORDS = ASKED_HEADERS + 4 * HTTP_HEADERS_MAX,
};

/* What JavaScript reads of the door itself, at these places. */
enum { DOOR_CONNECTIONS, DOOR_STATUS_WORDS };

enum { LISTENERS_MAX = 2, INNER_PATH_BYTES = 128 };

/* A usual request that waits, in the arena, to be looked up with those of other connections. */
typedef struct {
  uint32_t slot;
  uint32_t age;
  Slice bytes;
  bool is_last;
  Verification verification;
  /* Where in `out` its answer begins and ends; nowhere if it has none. */
  size_t out_start;
  size_t out_end;
} Gathered;

/* Each waits for those that it came with, in time that is shown as the server's own. */
enum { GATHERED_MAX = 4 };

typedef struct {
  Engine *engine;
  uv_loop_t *loop;
  /* Requests are read into it: the largest that is read here fits. */
  char *arena;
  size_t arena_size;
  int32_t *asked;
  int32_t *status;
  /* Where the answers of status 200 are counted. */
  int64_t *answered_cell;
  /* Answers of the connection that is being read, up to now. */
  char *out;
  size_t out_size;
  size_t out_used;
  /* When it was turned to the request that is being answered, monotonic. */
  int64_t started_at_ns;
  /* What came in this turn of the loop, see gathered.h; of the arena it takes the beginning. */
  Gathered gathered[GATHERED_MAX];
  int gathered_count;
  size_t gathered_bytes;
  /* Of the engine, when they were begun. */
  uint32_t gathered_changes;
  /* Called when all has been read that has come. */
  uv_check_t *check;
  /* The connection that is being read; JavaScript may answer meanwhile. */
  Connection *current;
  /* Those that JavaScript has answered meanwhile, and that may go on: one after the other. */
  Kept resumed;
  /* Something is being done that may use the arena. */
  bool is_busy;
  ConnectionTable connections;
  ProxySettingsTable proxies;
  uv_poll_t *listeners[LISTENERS_MAX];
  int listener_descriptors[LISTENERS_MAX];
  int listener_count;
  /* There was no descriptor for another connection. */
  bool is_accepting_paused;
  bool is_draining;
  /* Where uWebSockets.js listens. */
  char inner_path[INNER_PATH_BYTES];
  int64_t now_s;
  /* The header, and the second that it is for. */
  char date[64];
  int64_t date_s;
  /* Calls JavaScript: with a request, about a connection that is gone, or for an event. */
  void (*ask)(void *js);
  void (*tell_gone)(void *js, uint32_t slot, uint32_t age);
  void (*take_event)(void *js);
  void *js;
} Door;

/* To be called once, with everything set. */
void door_start(Door *door);

/* Takes connections of a listening socket from now on. */
void door_listen(Door *door, int descriptor);

void door_stop_listening(Door *door);

/*
 * Sends JavaScript's answer: its head, without the end, and its body. Without `has_length` there is
 * no header for the length, as an answer to HEAD has none. Nothing happens if the connection has
 * gone.
 */
typedef struct {
  Slice head;
  Slice body;
  bool has_length;
  bool is_last;
} DoorAnswer;
void door_answer(Door *door, uint32_t slot, uint32_t age, DoorAnswer answer);

/* To be called every second of a monotonic clock: closes what has been silent for too long. */
void door_sweep(Door *door, int64_t now_s);

/* Closes everything. */
void door_close(Door *door);

/* Closes a connection, and the other end of its tunnel; who waits to answer it is told. */
void door_drop(Door *door, Connection *connection);

/* The header of that name, of this second. */
const char *door_date(Door *door);

void door_on_poll(uv_poll_t *poll, int status, int events);

/* To be called when all has been read that has come in this turn of the loop. */
void door_on_check(uv_check_t *check);

/* Answers the requests of a connection that lie in the arena. */
void door_read_requests(Door *door, Connection *connection, Slice bytes);

/* Hands to the kernel what was answered, and goes on to wait for what has to come next. */
void door_send(Door *door, Connection *connection, Slice answers);

#endif
