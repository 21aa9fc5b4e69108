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

static void finish(Door *door, Connection *connection, bool is_last) {
  Engine *engine = door->engine;
  if (engine->status[STATUS_EVENT_BYTES] > 0) door->take_event(door->js);
  __atomic_fetch_add(door->answered_cell, 1, __ATOMIC_RELAXED);
  if (is_last || door->is_draining) connection->state = CONNECTION_ENDING;
}

static const Slice json = SLICE("application/json");

static bool begin_key(Door *door, const HttpHead *head, Verification *verification) {
  Asked asked = {
      .authorization = http_header(head, SLICE("authorization")),
      .now_ms = unix_ms(),
      .started_at_ns = door->started_at_ns,
  };
  if (!slice_equals(http_header(head, SLICE("content-type")), json)) return false;
  return verification_begin(door->engine, head->body, &asked, verification) == 0;
}

static bool begin_proxy(Door *door, const HttpHead *head, Verification *verification) {
  const ProxySettings *settings = proxy_settings_find(&door->proxies, head->query);
  ProxyAsked asked = {.now_ms = unix_ms(), .started_at_ns = door->started_at_ns};
  if (settings == NULL || !proxy_request_read(head, settings, &asked)) return false;
  const ProxyTerms *terms = &settings->terms;
  return verification_begin_for_proxy(door->engine, terms, &asked, verification) == 0;
}

bool quick_begin(Door *door, const HttpHead *head, Verification *verification) {
  if (door->engine == NULL) return false;
  if (slice_equals(head->path, SLICE("/v2/keys.verifyKey"))) {
    bool is_usual = slice_equals(head->method, SLICE("POST"));
    return is_usual && begin_key(door, head, verification);
  }
  if (slice_equals(head->path, SLICE("/forward-auth"))) {
    bool is_usual = slice_equals(head->method, SLICE("GET"));
    return is_usual && begin_proxy(door, head, verification);
  }
  return false;
}

bool quick_answer(Door *door, Connection *connection, Verification *verification, bool is_last) {
  Engine *engine = door->engine;
  int answered = has_room(door) ? verification_answer(engine, verification) : UNUSUAL;
  if (answered <= 0) return false;
  finish(door, connection, is_last);
  Slice answer = {engine->out, (size_t)answered};
  Slice body = {engine->text, (size_t)engine->status[STATUS_BODY_BYTES]};
  bool is_for_proxy = verification->is_for_proxy;
  put_answer(door, connection, is_for_proxy ? answer : json, is_for_proxy ? body : answer);
  return true;
}

bool quick_answer_now(Door *door, Connection *connection, const HttpHead *head) {
  Verification verification;
  if (!quick_begin(door, head, &verification)) return false;
  look_up_together(door->engine, &(Search *){&verification.search}, 1);
  return quick_answer(door, connection, &verification, head->is_last);
}
