/* What the door does besides requests: taking connections, the clock, and its end. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "door.h"
#include "listen-socket.h"
#include "must.h"

/* As uWebSockets.js: a connection without a byte for so long is closed. */
enum { SILENT_SECONDS_MAX = 10 };

const char *door_date(Door *door) {
  time_t now_s = time(NULL);
  if (now_s == door->date_s) return door->date;
  struct tm now;
  gmtime_r(&now_s, &now);
  strftime(door->date, sizeof door->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &now);
  door->date_s = now_s;
  return door->date;
}

static void watch_listeners(Door *door, int events, uv_poll_cb callback) {
  for (int index = 0; index < door->listener_count; index += 1) {
    if (events == 0) uv_poll_stop(door->listeners[index]);
    else MUST(uv_poll_start(door->listeners[index], events, callback));
  }
}

static void on_listener(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  Door *door = uv_handle_get_data((uv_handle_t *)poll);
  int index = 0;
  while (door->listeners[index] != poll) index += 1;
  for (;;) {
    int descriptor = accept_next(door->listener_descriptors[index]);
    if (descriptor >= 0) {
      Connection *connection =
          connection_open(&door->connections, door->loop, descriptor, door, door_on_poll);
      if (connection != NULL) connection->touched_s = door->now_s;
      continue;
    }
    if (errno == ECONNABORTED || errno == EINTR) continue;
    /* Whoever waits in the queue would make the loop turn without a pause. */
    door->is_accepting_paused = errno != EAGAIN && errno != EWOULDBLOCK;
    break;
  }
  if (door->is_accepting_paused) watch_listeners(door, 0, NULL);
  door->status[DOOR_CONNECTIONS] = (int32_t)door->connections.count;
}

void door_listen(Door *door, int descriptor) {
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  MUST(poll == NULL || door->listener_count == LISTENERS_MAX);
  MUST(uv_poll_init(door->loop, poll, descriptor));
  uv_handle_set_data((uv_handle_t *)poll, door);
  door->listeners[door->listener_count] = poll;
  door->listener_descriptors[door->listener_count] = descriptor;
  door->listener_count += 1;
  MUST(uv_poll_start(poll, UV_READABLE, on_listener));
}

static void free_handle(uv_handle_t *handle) { free(handle); }

void door_stop_listening(Door *door) {
  for (int index = 0; index < door->listener_count; index += 1) {
    uv_close((uv_handle_t *)door->listeners[index], free_handle);
    close(door->listener_descriptors[index]);
  }
  door->listener_count = 0;
}

/* A request that JavaScript has may take as long as it takes, and uWebSockets.js has timers of its
 * own; but whoever does not take an answer, or does not end a connection that has ended, has to
 * go. */
static bool is_bounded(const Connection *connection) {
  if (kept_size(&connection->out) > 0) return true;
  if (connection->state == CONNECTION_TUNNEL) {
    return connection->is_half_closed || connection->peer->is_half_closed;
  }
  return connection->state != CONNECTION_ASKING;
}

void door_sweep(Door *door, int64_t now_s) {
  door->now_s = now_s;
  for (uint32_t slot = 0; slot < door->connections.room; slot += 1) {
    Connection *connection = door->connections.at[slot];
    if (connection == NULL || !is_bounded(connection)) continue;
    if (door->now_s - connection->touched_s > SILENT_SECONDS_MAX) door_drop(door, connection);
  }
  if (!door->is_accepting_paused) return;
  door->is_accepting_paused = false;
  watch_listeners(door, UV_READABLE, on_listener);
}

void door_start(Door *door) {
  door->check = malloc(uv_handle_size(UV_CHECK));
  MUST(door->check == NULL || uv_check_init(door->loop, door->check) != 0);
  uv_handle_set_data((uv_handle_t *)door->check, door);
  MUST(uv_check_start(door->check, door_on_check));
  /* It keeps no process alive. */
  uv_unref((uv_handle_t *)door->check);
}

void door_close(Door *door) {
  door_stop_listening(door);
  door->gathered_count = 0;
  if (door->check != NULL) uv_close((uv_handle_t *)door->check, free_handle);
  door->check = NULL;
  for (uint32_t slot = 0; slot < door->connections.room; slot += 1) {
    Connection *connection = door->connections.at[slot];
    if (connection != NULL) door_drop(door, connection);
  }
}
