#include "quick-answer.h"

#include <time.h>

#include "json-text.h"

enum { LINES_BYTES_MAX = 256 };

#define PUT(literal) to = slice_put(to, SLICE(literal))

/* As JavaScript's clock: whole milliseconds. */
static double unix_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* `headers` begins with the value of Content-Type. */
static void put_answer(Door *door, Connection *connection, Slice headers, Slice body) {
  bool is_last = connection->state == CONNECTION_ENDING;
  const char *date = door_date(door);
  char *to = door->out + door->out_used;
  PUT("HTTP/1.1 200 OK\r\nContent-Type: ");
  to = slice_put(to, headers);
  PUT("\r\n");
  to = slice_put(to, (Slice){date, strlen(date)});
  if (is_last) PUT("Connection: close\r\n");
  PUT("Content-Length: ");
  to = json_put_count(to, (double)body.size);
  PUT("\r\n\r\n");
  to = slice_put(to, body);
  door->out_used = (size_t)(to - door->out);
}

/* Only the length of what the engine wrote tells whether it fits: room for the most is made. */
static bool has_room(const Door *door) {
  size_t needed = door->engine->out_size + door->engine->text_size + LINES_BYTES_MAX;
  return door->out_size - door->out_used >= needed;
}

static void finish(Door *door, Connection *connection, const HttpHead *head) {
  Engine *engine = door->engine;
  if (engine->status[STATUS_EVENT_BYTES] > 0) door->take_event(door->js);
  __atomic_fetch_add(door->answered_cell, 1, __ATOMIC_RELAXED);
  if (head->is_last || door->is_draining) connection->state = CONNECTION_ENDING;
}

static bool verify_key(Door *door, Connection *connection, const HttpHead *head) {
  Engine *engine = door->engine;
  const Slice json = SLICE("application/json");
  Asked asked = {
      .authorization = http_header(head, SLICE("authorization")),
      .now_ms = unix_ms(),
      .started_at_ns = door->started_at_ns,
  };
  if (!slice_equals(http_header(head, SLICE("content-type")), json)) return false;
  int answered = engine_verify(engine, head->body, &asked);
  if (answered <= 0) return false;
  finish(door, connection, head);
  put_answer(door, connection, json, (Slice){engine->out, (size_t)answered});
  return true;
}

static bool verify_proxy(Door *door, Connection *connection, const HttpHead *head) {
  Engine *engine = door->engine;
  const ProxySettings *settings = proxy_settings_find(&door->proxies, head->query);
  ProxyAsked asked = {.now_ms = unix_ms(), .started_at_ns = door->started_at_ns};
  if (settings == NULL || !proxy_request_read(head, settings, &asked)) return false;
  int answered = engine_verify_proxy(engine, &settings->terms, &asked);
  if (answered <= 0) return false;
  finish(door, connection, head);
  Slice body = {engine->text, (size_t)engine->status[STATUS_BODY_BYTES]};
  put_answer(door, connection, (Slice){engine->out, (size_t)answered}, body);
  return true;
}

bool quick_answer(Door *door, Connection *connection, const HttpHead *head) {
  if (door->engine == NULL || !has_room(door)) return false;
  if (slice_equals(head->path, SLICE("/v2/keys.verifyKey"))) {
    bool is_usual = slice_equals(head->method, SLICE("POST"));
    return is_usual && verify_key(door, connection, head);
  }
  if (slice_equals(head->path, SLICE("/forward-auth"))) {
    bool is_usual = slice_equals(head->method, SLICE("GET"));
    return is_usual && verify_proxy(door, connection, head);
  }
  return false;
}
