#include "gathered.h"

#include "quick-answer.h"

/* What is larger is not looked at as often. */
enum { GATHERED_BYTES_MAX = 2048 };

bool gathered_add(Door *door, Connection *connection, Slice bytes) {
  HttpHead head;
  size_t size;
  if (door->engine == NULL || bytes.size > GATHERED_BYTES_MAX) return false;
  door->started_at_ns = monotonic_ns();
  HttpState state = http_head_read(bytes.at, bytes.at + bytes.size, &head, &size);
  if (state != HTTP_COMPLETE || size != bytes.size) return false;
  uint32_t changes = door->engine->changes;
  if (door->gathered_changes != changes) gathered_answer(door);
  Gathered *gathered = &door->gathered[door->gathered_count];
  if (!quick_begin(door, &head, &gathered->verification)) return false;
  gathered->slot = connection->slot;
  gathered->age = connection->age;
  gathered->bytes = bytes;
  gathered->is_last = head.is_last;
  connection->is_gathered = true;
  door->gathered_bytes = (size_t)(bytes.at + bytes.size - door->arena);
  door->gathered_count += 1;
  door->gathered_changes = changes;
  if (door->gathered_count == GATHERED_MAX) gathered_answer(door);
  return true;
}

/* NULL when it has gone meanwhile. */
static Connection *connection_of(const Door *door, const Gathered *gathered) {
  return connection_find(&door->connections, gathered->slot, gathered->age);
}

static void look_up(Door *door, int count) {
  Search *searches[GATHERED_MAX];
  for (int index = 0; index < count; index += 1) {
    searches[index] = &door->gathered[index].verification.search;
  }
  look_up_together(door->engine, searches, count);
}

/* Into `out`, one behind the other. What JavaScript changes meanwhile, as it may when it takes an
 * event, is not known of those that were looked up before. */
static void answer(Door *door, int count) {
  for (int index = 0; index < count; index += 1) {
    Gathered *gathered = &door->gathered[index];
    Connection *connection = connection_of(door, gathered);
    gathered->out_start = door->out_used;
    if (connection != NULL && door->engine->changes == door->gathered_changes) {
      quick_answer(door, connection, &gathered->verification, gathered->is_last);
    }
    gathered->out_end = door->out_used;
  }
}

static void send_answers(Door *door, int count) {
  for (int index = 0; index < count; index += 1) {
    const Gathered *gathered = &door->gathered[index];
    Connection *connection = connection_of(door, gathered);
    if (connection == NULL) continue;
    connection->is_gathered = false;
    Slice bytes = {door->out + gathered->out_start, gathered->out_end - gathered->out_start};
    if (bytes.size > 0) door_send(door, connection, bytes);
  }
  door->out_used = 0;
}

static void read_others(Door *door, int count) {
  for (int index = 0; index < count; index += 1) {
    const Gathered *gathered = &door->gathered[index];
    Connection *connection = connection_of(door, gathered);
    bool is_answered = gathered->out_end > gathered->out_start;
    if (connection != NULL && !is_answered) {
      door_read_requests(door, connection, gathered->bytes);
    }
  }
}

void gathered_answer(Door *door) {
  int count = door->gathered_count;
  if (count == 0) return;
  if (door->engine->changes == door->gathered_changes) look_up(door, count);
  answer(door, count);
  send_answers(door, count);
  read_others(door, count);
  door->gathered_count = 0;
  door->gathered_bytes = 0;
}
