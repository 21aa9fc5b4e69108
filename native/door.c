#include "door.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "gathered.h"
#include "quick-answer.h"
#include "tunnel.h"

static void set_connection_count(Door *door) {
  door->status[DOOR_CONNECTIONS] = (int32_t)door->connections.count;
}

void door_drop(Door *door, Connection *connection) {
  if (connection->descriptor < 0) return;
  bool is_asking = connection->state == CONNECTION_ASKING;
  Connection *peer = connection->peer;
  connection_close(&door->connections, connection);
  if (peer != NULL) connection_close(&door->connections, peer);
  set_connection_count(door);
  if (is_asking) door->tell_gone(door->js, connection->slot, connection->age);
}

static void watch(Connection *connection) {
  bool writes = kept_size(&connection->out) > 0;
  /* While it waits, only its end is of interest. */
  int idle = connection->state == CONNECTION_ASKING ? UV_DISCONNECT : UV_READABLE;
  int events = writes ? UV_WRITABLE | UV_DISCONNECT : idle;
  connection_watch(connection, events, door_on_poll);
}

void door_send(Door *door, Connection *connection, Slice answers) {
  bool is_there = !connection->is_broken;
  if (is_there && answers.size > 0) is_there = connection_send(connection, answers);
  if (!is_there) {
    door_drop(door, connection);
    return;
  }
  connection->touched_s = door->now_s;
  bool is_sent = kept_size(&connection->out) == 0;
  if (connection->state == CONNECTION_ENDING && is_sent) shutdown(connection->descriptor, SHUT_WR);
  watch(connection);
}

/* The same with all that was put into `out`. */
static void flush(Door *door, Connection *connection) {
  Slice answers = {door->out, door->out_used};
  door->out_used = 0;
  door_send(door, connection, answers);
}

/* Hands a request to JavaScript, which may answer it at once. */
static void ask(Door *door, Connection *connection, const HttpHead *head) {
  int32_t *asked = door->asked;
  int32_t *to = asked + ASKED_METHOD;
  asked[ASKED_SLOT] = (int32_t)connection->slot;
  asked[ASKED_AGE] = (int32_t)connection->age;
  asked[ASKED_HEADER_COUNT] = head->header_count;
  const Slice pieces[] = {head->method, head->path, head->query, head->body};
  for (int index = 0; index < 4; index += 1, to += 2) {
    to[0] = (int32_t)(pieces[index].at - door->arena);
    to[1] = (int32_t)pieces[index].size;
  }
  to = asked + ASKED_HEADERS;
  for (int index = 0; index < head->header_count; index += 1, to += 4) {
    HttpHeader header = head->headers[index];
    to[0] = (int32_t)(header.name.at - door->arena);
    to[1] = (int32_t)header.name.size;
    to[2] = (int32_t)(header.value.at - door->arena);
    to[3] = (int32_t)header.value.size;
  }
  connection->state = CONNECTION_ASKING;
  connection->is_last = head->is_last;
  door->ask(door->js);
}

/* Whether another request of this connection may be looked at. */
static bool may_go_on(const Connection *connection) {
  return connection->state == CONNECTION_READING && kept_size(&connection->out) == 0 &&
         !connection->is_broken;
}

void door_read_requests(Door *door, Connection *connection, Slice bytes) {
  const char *at = bytes.at;
  const char *end = at + bytes.size;
  HttpState state = HTTP_COMPLETE;
  connection->needed = 0;
  door->current = connection;
  while (at < end && state == HTTP_COMPLETE && may_go_on(connection)) {
    HttpHead head;
    size_t request_size;
    door->started_at_ns = monotonic_ns();
    state = http_head_read(at, end, &head, &request_size);
    if (state == HTTP_COMPLETE) {
      if (!quick_answer_now(door, connection, &head)) ask(door, connection, &head);
      at += request_size;
    } else if (request_size > door->arena_size) {
      state = HTTP_STRANGE;
    } else {
      connection->needed = request_size;
    }
  }
  door->current = NULL;
  Slice rest = {at, (size_t)(end - at)};
  bool is_strange = state == HTTP_STRANGE;
  bool is_wanted = connection->state != CONNECTION_ENDING && !connection->is_broken;
  if (rest.size > 0 && is_wanted && !is_strange) kept_add(&connection->in, rest);
  flush(door, connection);
  if (!is_strange || connection->descriptor < 0) return;
  if (!tunnel_open(door, connection, rest)) door_drop(door, connection);
  set_connection_count(door);
}

/* To the beginning of the arena, where nothing else is then. */
static size_t take_kept(Door *door, Connection *connection) {
  Kept *in = &connection->in;
  size_t size = kept_size(in);
  if (size > 0) memcpy(door->arena, in->bytes + in->at, size);
  kept_clear(in);
  return size;
}

static void receive(Door *door, Connection *connection) {
  size_t kept = kept_size(&connection->in);
  if (kept > 0) gathered_answer(door);
  size_t before = kept + door->gathered_bytes;
  char *to = door->arena + before;
  ssize_t received = recv(connection->descriptor, to, door->arena_size - before, 0);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (received <= 0) {
    door_drop(door, connection);
    return;
  }
  Slice bytes = {to, (size_t)received};
  connection->touched_s = door->now_s;
  if (connection->state == CONNECTION_ENDING) return;
  if (kept + bytes.size < connection->needed) {
    kept_add(&connection->in, bytes);
    return;
  }
  if (kept == 0 && gathered_add(door, connection, bytes)) return;
  /* Those that came before are answered first; these stay where they are meanwhile. */
  gathered_answer(door);
  if (connection->descriptor < 0) return;
  if (kept > 0) bytes = (Slice){door->arena, take_kept(door, connection) + bytes.size};
  door_read_requests(door, connection, bytes);
}

typedef struct {
  uint32_t slot;
  uint32_t age;
} ConnectionName;

/* What it has sent meanwhile is looked at when nothing else is being done. */
static void resume_later(Door *door, const Connection *connection) {
  if (kept_size(&connection->in) == 0) return;
  ConnectionName name = {connection->slot, connection->age};
  kept_add(&door->resumed, (Slice){(const char *)&name, sizeof name});
}

static void resume_all(Door *door) {
  Kept *resumed = &door->resumed;
  while (kept_size(resumed) > 0) {
    gathered_answer(door);
    ConnectionName name;
    memcpy(&name, resumed->bytes + resumed->at, sizeof name);
    resumed->at += sizeof name;
    Connection *connection = connection_find(&door->connections, name.slot, name.age);
    if (connection == NULL || !may_go_on(connection)) continue;
    size_t size = take_kept(door, connection);
    door_read_requests(door, connection, (Slice){door->arena, size});
  }
}

/* What was kept of the answers goes on; then the requests behind them. */
static void write_on(Door *door, Connection *connection) {
  if (!connection_send_kept(connection)) {
    door_drop(door, connection);
    return;
  }
  connection->touched_s = door->now_s;
  if (kept_size(&connection->out) > 0) return;
  if (connection->state == CONNECTION_ENDING) shutdown(connection->descriptor, SHUT_WR);
  watch(connection);
  resume_later(door, connection);
}

static void serve(Door *door, Connection *connection, int events) {
  if (connection->is_gathered) {
    /* It is told of again, if there is more. */
    gathered_answer(door);
  } else if (connection->state == CONNECTION_TUNNEL) {
    if (!tunnel_pass(door, connection, events)) door_drop(door, connection);
  } else if (kept_size(&connection->out) > 0) {
    if ((events & UV_DISCONNECT) != 0) door_drop(door, connection);
    else if ((events & UV_WRITABLE) != 0) write_on(door, connection);
  } else if (connection->state == CONNECTION_ASKING) {
    if ((events & UV_DISCONNECT) != 0) door_drop(door, connection);
  } else if ((events & UV_READABLE) != 0) {
    receive(door, connection);
  }
}

void door_on_poll(uv_poll_t *poll, int status, int events) {
  Connection *connection = uv_handle_get_data((uv_handle_t *)poll);
  Door *door = connection->door;
  door->is_busy = true;
  /* An error, after which libuv watches no more. What uWebSockets.js sent before is still there. */
  if (status < 0) connection->events = 0;
  if (status < 0 && !connection->is_inner) door_drop(door, connection);
  else serve(door, connection, status < 0 ? UV_READABLE : events);
  resume_all(door);
  door->is_busy = false;
}

void door_on_check(uv_check_t *check) {
  Door *door = uv_handle_get_data((uv_handle_t *)check);
  if (door->gathered_count == 0) return;
  door->is_busy = true;
  gathered_answer(door);
  resume_all(door);
  door->is_busy = false;
}

/* Behind what was answered before on this connection. */
static void put(Door *door, Connection *connection, Slice bytes) {
  if (bytes.size == 0) return;
  if (door->out_used + bytes.size > door->out_size) {
    Slice before = {door->out, door->out_used};
    door->out_used = 0;
    connection->is_broken = connection->is_broken || !connection_send(connection, before);
  }
  if (bytes.size > door->out_size) {
    connection->is_broken = connection->is_broken || !connection_send(connection, bytes);
    return;
  }
  slice_put(door->out + door->out_used, bytes);
  door->out_used += bytes.size;
}

static void put_answer(Door *door, Connection *connection, DoorAnswer answer) {
  char rest[192];
  int size = snprintf(rest, sizeof rest, "%s%s", door_date(door),
                      answer.is_last ? "Connection: close\r\n" : "");
  if (answer.has_length) {
    size += snprintf(rest + size, sizeof rest - (size_t)size, "Content-Length: %zu\r\n",
                     answer.body.size);
  }
  put(door, connection, answer.head);
  put(door, connection, (Slice){rest, (size_t)size});
  put(door, connection, SLICE("\r\n"));
  put(door, connection, answer.body);
}

void door_answer(Door *door, uint32_t slot, uint32_t age, DoorAnswer answer) {
  Connection *connection = connection_find(&door->connections, slot, age);
  if (connection == NULL || connection->state != CONNECTION_ASKING) return;
  answer.is_last = answer.is_last || connection->is_last || door->is_draining;
  connection->state = answer.is_last ? CONNECTION_ENDING : CONNECTION_READING;
  if (connection == door->current) {
    put_answer(door, connection, answer);
    return;
  }
  /* Another one's answers may lie in `out`: they go out later, and from where they lie. */
  Slice of_other = {door->out, door->out_used};
  door->out += of_other.size;
  door->out_size -= of_other.size;
  door->out_used = 0;
  put_answer(door, connection, answer);
  flush(door, connection);
  door->out -= of_other.size;
  door->out_size += of_other.size;
  door->out_used = of_other.size;
  if (connection->descriptor >= 0) resume_later(door, connection);
  if (door->is_busy) return;
  door->is_busy = true;
  resume_all(door);
  door->is_busy = false;
}
