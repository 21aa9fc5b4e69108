#include "door-calls.h"

#include <stdlib.h>

#include "door.h"
#include "listen-socket.h"
#include "must.h"
#include "node-calls.h"

typedef struct {
  Door door;
  napi_env env;
  napi_async_context context;
  /* An object with the functions that are called. */
  napi_ref listener;
} JsDoor;

static void call(JsDoor *js, const char *name, size_t count, const napi_value *arguments) {
  napi_env env = js->env;
  napi_value listener, function, result;
  MUST(napi_get_reference_value(env, js->listener, &listener));
  MUST(napi_get_named_property(env, listener, name, &function));
  napi_status status =
      napi_make_callback(env, js->context, listener, function, count, arguments, &result);
  if (status != napi_pending_exception) {
    MUST(status);
    return;
  }
  napi_value error;
  MUST(napi_get_and_clear_last_exception(env, &error));
  MUST(napi_fatal_exception(env, error));
}

static void call_scoped(JsDoor *js, const char *name, size_t count, const double *numbers) {
  napi_handle_scope scope;
  napi_value arguments[2];
  MUST(napi_open_handle_scope(js->env, &scope));
  for (size_t index = 0; index < count; index += 1) {
    MUST(napi_create_double(js->env, numbers[index], &arguments[index]));
  }
  call(js, name, count, arguments);
  MUST(napi_close_handle_scope(js->env, scope));
}

static void ask(void *js) { call_scoped(js, "onRequest", 0, NULL); }

static void tell_gone(void *js, uint32_t slot, uint32_t age) {
  call_scoped(js, "onGone", 2, (const double[]){slot, age});
}

static void take_event(void *js) { call_scoped(js, "onEvent", 0, NULL); }

/* A text with NUL behind it; false when it is too long. */
static bool text_into(napi_env env, napi_value value, char *room, size_t size) {
  size_t length;
  MUST(napi_get_value_string_utf8(env, value, room, size, &length));
  return length + 4 < size;
}

static napi_value listening(napi_env env, Door *door, int descriptor) {
  if (descriptor >= 0) door_listen(door, descriptor);
  return node_boolean(env, descriptor >= 0);
}

/* `listen(host, port)`: whether it listens. */
static napi_value js_listen(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  JsDoor *js = node_arguments(env, info, 2, arguments);
  char host[256];
  if (!text_into(env, arguments[0], host, sizeof host)) return node_boolean(env, false);
  int port = (int)node_number(env, arguments[1]);
  return listening(env, &js->door, listen_on_port(host, port));
}

/* `listenUnix(path)`: whether it listens. */
static napi_value js_listen_unix(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  JsDoor *js = node_arguments(env, info, 1, arguments);
  char path[256];
  if (!text_into(env, arguments[0], path, sizeof path)) return node_boolean(env, false);
  return listening(env, &js->door, listen_on_path(path));
}

static napi_value js_stop_listening(napi_env env, napi_callback_info info) {
  JsDoor *js = node_arguments(env, info, 0, NULL);
  door_stop_listening(&js->door);
  return NULL;
}

/* `drain()`: every answer is the last of its connection from now on. */
static napi_value js_drain(napi_env env, napi_callback_info info) {
  JsDoor *js = node_arguments(env, info, 0, NULL);
  js->door.is_draining = true;
  return NULL;
}

/* `sweep(seconds)` of a monotonic clock. */
static napi_value js_sweep(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  JsDoor *js = node_arguments(env, info, 1, arguments);
  door_sweep(&js->door, (int64_t)node_number(env, arguments[0]));
  return NULL;
}

/* `answer(slot, age, head, body, hasLength, isLast)`, head and body as bytes. */
static napi_value js_answer(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  JsDoor *js = node_arguments(env, info, 6, arguments);
  DoorAnswer answer = {
      .head = node_slice(env, arguments[2]),
      .body = node_slice(env, arguments[3]),
      .has_length = node_truth(env, arguments[4]),
      .is_last = node_truth(env, arguments[5]),
  };
  uint32_t slot = (uint32_t)node_number(env, arguments[0]);
  door_answer(&js->door, slot, (uint32_t)node_number(env, arguments[1]), answer);
  return NULL;
}

/* `address(slot, age)`: of the caller, as text; empty when it has gone. */
static napi_value js_address(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  JsDoor *js = node_arguments(env, info, 2, arguments);
  char text[ADDRESS_TEXT_BYTES] = "";
  uint32_t slot = (uint32_t)node_number(env, arguments[0]);
  uint32_t age = (uint32_t)node_number(env, arguments[1]);
  const Connection *connection = connection_find(&js->door.connections, slot, age);
  if (connection != NULL) address_text(connection->descriptor, text);
  napi_value address;
  MUST(napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &address));
  return address;
}

/*
 * `learnProxy(query, keyHeader, apiId, permissions, isOpen)`: what a proxy asks for whose settings
 * have this text; an empty `keyHeader` is for `Authorization: Bearer`.
 */
static napi_value js_learn_proxy(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  JsDoor *js = node_arguments(env, info, 5, arguments);
  Slice query = node_slice(env, arguments[0]);
  ProxySettingsTable *proxies = &js->door.proxies;
  if (proxy_settings_find(proxies, query) != NULL) return NULL;
  /* What stands there now may have been asked for. */
  if (js->door.engine != NULL) js->door.engine->changes += 1;
  ProxySettings *settings = proxy_settings_add(proxies, query, node_slice(env, arguments[1]));
  if (settings == NULL) return NULL;
  proxy_terms_set(&settings->terms, node_slice(env, arguments[2]), node_slice(env, arguments[3]),
                  node_truth(env, arguments[4]));
  return NULL;
}

/* `close()`: the memory stays, as answers may still come, which go nowhere. */
static napi_value js_close(napi_env env, napi_callback_info info) {
  JsDoor *js = node_arguments(env, info, 0, NULL);
  door_close(&js->door);
  return NULL;
}

static const NodeCall door_calls[] = {
    {"listen", js_listen},
    {"listenUnix", js_listen_unix},
    {"stopListening", js_stop_listening},
    {"drain", js_drain},
    {"sweep", js_sweep},
    {"answer", js_answer},
    {"address", js_address},
    {"learnProxy", js_learn_proxy},
    {"close", js_close},
};

/* Large enough for what the engine writes at most, several times. */
enum { OUT_BYTES = 1024 * 1024 };

/*
 * `createDoor(engine, [arena, asked, status], [cells, answeredAt], innerPath, listener)`: the
 * engine by its handle, the arena as bytes, `asked` and `status` as 32-bit numbers. JavaScript has
 * to keep what is shared.
 */
static napi_value create_door(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  node_arguments(env, info, 5, arguments);
  JsDoor *js = calloc(1, sizeof *js);
  MUST(js == NULL);
  Door *door = &js->door;
  js->env = env;
  MUST(napi_get_uv_event_loop(env, &door->loop));
  napi_valuetype type;
  MUST(napi_typeof(env, arguments[0], &type));
  if (type == napi_external) {
    MUST(napi_get_value_external(env, arguments[0], (void **)&door->engine));
  }
  size_t size;
  door->arena = node_shared(env, arguments[1], 0, &door->arena_size);
  door->asked = node_shared(env, arguments[1], 1, &size);
  MUST(size < ASKED_WORDS * sizeof *door->asked);
  door->status = node_shared(env, arguments[1], 2, &size);
  MUST(size < DOOR_STATUS_WORDS * sizeof *door->status);
  int64_t *cells = node_shared(env, arguments[2], 0, &size);
  napi_value answered_at;
  MUST(napi_get_element(env, arguments[2], 1, &answered_at));
  door->answered_cell = &cells[(size_t)node_number(env, answered_at)];
  MUST(!text_into(env, arguments[3], door->inner_path, sizeof door->inner_path));
  door->out = malloc(OUT_BYTES);
  MUST(door->out == NULL);
  door->out_size = OUT_BYTES;
  door->js = js;
  door->ask = ask;
  door->tell_gone = tell_gone;
  door->take_event = take_event;
  door_start(door);
  napi_value name, object;
  MUST(napi_create_reference(env, arguments[4], 1, &js->listener));
  MUST(napi_create_string_utf8(env, "latchkey.door", NAPI_AUTO_LENGTH, &name));
  MUST(napi_async_init(env, arguments[4], name, &js->context));
  MUST(napi_create_object(env, &object));
  node_define(env, object, door_calls, sizeof door_calls / sizeof *door_calls, js);
  return object;
}

void door_define(napi_env env, napi_value exports) {
  static const NodeCall calls[] = {{"createDoor", create_door}};
  node_define(env, exports, calls, 1, NULL);
}
