#include "node-calls.h"

#include <assert.h>

#include "must.h"

void node_define(napi_env env, napi_value target, const NodeCall *calls, size_t count,
                 void *state) {
  for (size_t index = 0; index < count; index += 1) {
    napi_value function;
    const NodeCall *call = &calls[index];
    MUST(napi_create_function(env, call->name, NAPI_AUTO_LENGTH, call->call, state, &function));
    MUST(napi_set_named_property(env, target, call->name, function));
  }
}

void *node_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  void *state;
  size_t given = count;
  MUST(napi_get_cb_info(env, info, &given, arguments, NULL, &state));
  return state;
}

double node_number(napi_env env, napi_value value) {
  double number = 0;
  MUST(napi_get_value_double(env, value, &number));
  return number;
}

void *node_memory(napi_env env, napi_value value, size_t *size) {
  void *memory = NULL;
  bool is_view = false;
  MUST(napi_is_typedarray(env, value, &is_view));
  if (!is_view) {
    MUST(napi_get_arraybuffer_info(env, value, &memory, size));
    return memory;
  }
  napi_typedarray_type type;
  size_t length;
  MUST(napi_get_typedarray_info(env, value, &type, &length, &memory, NULL, NULL));
  static const unsigned char bytes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  *size = length * bytes[type];
  return memory;
}

Slice node_slice(napi_env env, napi_value value) {
  size_t size = 0;
  const char *memory = node_memory(env, value, &size);
  return (Slice){memory, size};
}

bool node_truth(napi_env env, napi_value value) {
  bool truth;
  MUST(napi_get_value_bool(env, value, &truth));
  return truth;
}

napi_value node_boolean(napi_env env, bool truth) {
  napi_value value;
  MUST(napi_get_boolean(env, truth, &value));
  return value;
}

napi_value node_element(napi_env env, napi_value array, uint32_t index) {
  napi_value element;
  MUST(napi_get_element(env, array, index, &element));
  return element;
}

void *node_shared(napi_env env, napi_value array, uint32_t index, size_t *size) {
  return node_memory(env, node_element(env, array, index), size);
}

size_t node_latin1(napi_env env, napi_value value, char *room, size_t size) {
  size_t length = 0;
  MUST(napi_get_value_string_latin1(env, value, room, size, &length));
  return length;
}
