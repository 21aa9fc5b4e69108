#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "must.h"

void kept_add(Kept *kept, Slice bytes) {
  if (kept->at == kept->end) kept->at = kept->end = 0;
  if (kept->end + bytes.size > kept->room) {
    size_t size = kept_size(kept);
    size_t room = 2 * (size + bytes.size);
    char *moved = malloc(room);
    MUST(moved == NULL);
    if (size > 0) memcpy(moved, kept->bytes + kept->at, size);
    free(kept->bytes);
    *kept = (Kept){.bytes = moved, .end = size, .room = room};
  }
  memcpy(kept->bytes + kept->end, bytes.at, bytes.size);
  kept->end += bytes.size;
}

void kept_clear(Kept *kept) {
  free(kept->bytes);
  *kept = (Kept){0};
}

static void grow(ConnectionTable *table) {
  uint32_t room = table->room == 0 ? 64 : 2 * table->room;
  table->at = realloc(table->at, room * sizeof *table->at);
  table->free_slots = realloc(table->free_slots, room * sizeof *table->free_slots);
  MUST(table->at == NULL || table->free_slots == NULL);
  for (uint32_t slot = room; slot > table->room; slot -= 1) {
    table->at[slot - 1] = NULL;
    table->free_slots[table->free_count] = slot - 1;
    table->free_count += 1;
  }
  table->room = room;
}

static void put_into_table(ConnectionTable *table, Connection *connection) {
  if (table->free_count == 0) grow(table);
  table->free_count -= 1;
  connection->slot = table->free_slots[table->free_count];
  connection->age = table->ages += 1;
  table->at[connection->slot] = connection;
  table->count += 1;
}

Connection *connection_open(ConnectionTable *table, uv_loop_t *loop, int descriptor, void *door,
                            uv_poll_cb callback) {
  Connection *connection = calloc(1, sizeof *connection);
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  MUST(connection == NULL || poll == NULL);
  if (uv_poll_init(loop, poll, descriptor) != 0) {
    free(poll);
    free(connection);
    close(descriptor);
    return NULL;
  }
  connection->door = door;
  connection->poll = poll;
  connection->descriptor = descriptor;
  uv_handle_set_data((uv_handle_t *)poll, connection);
  put_into_table(table, connection);
  connection_watch(connection, UV_READABLE, callback);
  return connection;
}

Connection *connection_find(const ConnectionTable *table, uint32_t slot, uint32_t age) {
  Connection *connection = slot < table->room ? table->at[slot] : NULL;
  return connection != NULL && connection->age == age ? connection : NULL;
}

void connection_watch(Connection *connection, int events, uv_poll_cb callback) {
  if (connection->events == events) return;
  connection->events = events;
  if (events == 0) uv_poll_stop(connection->poll);
  else MUST(uv_poll_start(connection->poll, events, callback));
}

/* Node ignores SIGPIPE. How many bytes the kernel took; below 0 when the other end is gone. */
static ssize_t send_some(const Connection *connection, Slice bytes) {
  ssize_t sent = send(connection->descriptor, bytes.at, bytes.size, 0);
  bool is_full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return is_full ? 0 : sent;
}

bool connection_send(Connection *connection, Slice bytes) {
  ssize_t sent = kept_size(&connection->out) > 0 ? 0 : send_some(connection, bytes);
  if (sent < 0) return false;
  if ((size_t)sent == bytes.size) return true;
  kept_add(&connection->out, (Slice){bytes.at + sent, bytes.size - (size_t)sent});
  return true;
}

bool connection_send_kept(Connection *connection) {
  Kept *out = &connection->out;
  ssize_t sent = send_some(connection, (Slice){out->bytes + out->at, kept_size(out)});
  if (sent < 0) return false;
  out->at += (size_t)sent;
  if (kept_size(out) == 0) kept_clear(out);
  return true;
}

static void free_closed(uv_handle_t *handle) {
  Connection *connection = uv_handle_get_data(handle);
  kept_clear(&connection->in);
  kept_clear(&connection->out);
  free(connection);
  free(handle);
}

void connection_close(ConnectionTable *table, Connection *connection) {
  if (connection->descriptor < 0) return;
  uv_close((uv_handle_t *)connection->poll, free_closed);
  close(connection->descriptor);
  connection->descriptor = -1;
  table->at[connection->slot] = NULL;
  table->free_slots[table->free_count] = connection->slot;
  table->free_count += 1;
  table->count -= 1;
}
