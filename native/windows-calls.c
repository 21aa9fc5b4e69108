#include "windows-calls.h"

#include <stdint.h>
#include <stdlib.h>

#include "must.h"
#include "node-calls.h"
#include "windows.h"

enum { text_max = 512 };

static double set_clock_ms;

static double clock_ms(void) {
  return set_clock_ms;
}

static napi_value property(napi_env env, napi_value object, const char *name) {
  napi_value value;
  MUST(napi_get_named_property(env, object, name, &value));
  return value;
}

static void put(napi_env env, napi_value object, const char *name, napi_value value) {
  MUST(napi_set_named_property(env, object, name, value));
}

static Slice text_property(napi_env env, napi_value object, const char *name, char *room) {
  return (Slice){room, node_latin1(env, property(env, object, name), room, text_max)};
}

/* A LimitRequest of window-table.ts. */
static WindowRequest read_request(napi_env env, napi_value object, WindowLimit *of,
                                  const Windows *windows, char room[3][text_max]) {
  Slice workspace_id = text_property(env, object, "workspaceId", room[0]);
  Slice scope = text_property(env, object, "scope", room[1]);
  double duration_ms = node_number(env, property(env, object, "durationMs"));
  windows_limit(windows, of, workspace_id, scope, duration_ms);
  return (WindowRequest){
      .of = of,
      .identifier = text_property(env, object, "identifier", room[2]),
      .limit = node_number(env, property(env, object, "limit")),
      .cost = node_number(env, property(env, object, "cost")),
  };
}

/* A LimitVerdict of window-table.ts. */
static napi_value make_verdict(napi_env env, const WindowVerdict *verdict) {
  napi_value object, exceeded, remaining, reset_at_ms, is_table_full;
  MUST(napi_create_object(env, &object));
  MUST(napi_get_boolean(env, verdict->is_exceeded, &exceeded));
  MUST(napi_create_double(env, verdict->remaining, &remaining));
  MUST(napi_create_double(env, verdict->reset_at_ms, &reset_at_ms));
  MUST(napi_get_boolean(env, verdict->is_table_full, &is_table_full));
  put(env, object, "exceeded", exceeded);
  put(env, object, "remaining", remaining);
  put(env, object, "resetAtMs", reset_at_ms);
  put(env, object, "isTableFull", is_table_full);
  return object;
}

/* (requests, nowMs): as takeAll of a WindowTable. */
static napi_value take_all(napi_env env, napi_callback_info info) {
  napi_value arguments[2], answer;
  Windows *windows = node_arguments(env, info, 2, arguments);
  WindowRequest requests[windows_per_take_max];
  WindowLimit limits[windows_per_take_max];
  char room[windows_per_take_max][3][text_max];
  uint32_t count;
  MUST(napi_get_array_length(env, arguments[0], &count));
  MUST(count > windows_per_take_max);
  for (uint32_t item = 0; item < count; item += 1) {
    napi_value request;
    MUST(napi_get_element(env, arguments[0], item, &request));
    requests[item] = read_request(env, request, &limits[item], windows, room[item]);
  }
  WindowVerdict verdicts[windows_per_take_max];
  windows_take_all(windows, requests, count, node_number(env, arguments[1]), verdicts);
  MUST(napi_create_array_with_length(env, count, &answer));
  for (uint32_t item = 0; item < count; item += 1) {
    MUST(napi_set_element(env, answer, item, make_verdict(env, &verdicts[item])));
  }
  return answer;
}

/* (ms): what the clock shows from now on, for all tables of the process. */
static napi_value set_clock(napi_env env, napi_callback_info info) {
  napi_value argument;
  Windows *windows = node_arguments(env, info, 1, &argument);
  set_clock_ms = node_number(env, argument);
  windows_set_clock(windows, clock_ms);
  return NULL;
}

/* (buffer, seat), the `memory` of a WindowTable. Not freed: a test opens a few. */
static napi_value open_windows(napi_env env, napi_callback_info info) {
  napi_value arguments[2], object;
  node_arguments(env, info, 2, arguments);
  size_t size;
  void *bytes = node_memory(env, arguments[0], &size);
  Windows *windows = malloc(sizeof *windows);
  MUST(windows == NULL);
  windows_open(windows, bytes, (uint32_t)node_number(env, arguments[1]));
  static const NodeCall calls[] = {{"takeAll", take_all}, {"setClock", set_clock}};
  MUST(napi_create_object(env, &object));
  node_define(env, object, calls, sizeof calls / sizeof *calls, windows);
  return object;
}

void windows_define(napi_env env, napi_value exports) {
  static const NodeCall calls[] = {{"openWindows", open_windows}};
  node_define(env, exports, calls, sizeof calls / sizeof *calls, NULL);
}
