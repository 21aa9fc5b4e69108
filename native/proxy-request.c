#include "proxy-request.h"

#include <strings.h>

enum { KEY_BYTES_MAX = 1024, METHOD_BYTES_MAX = 32 };

const ProxySettings *proxy_settings_find(const ProxySettingsTable *table, Slice text) {
  size_t count = table->added < PROXY_SETTINGS_MAX ? table->added : PROXY_SETTINGS_MAX;
  for (size_t index = 0; index < count; index += 1) {
    const ProxySettings *settings = &table->at[index];
    if (slice_equals((Slice){settings->text, settings->text_size}, text)) return settings;
  }
  return NULL;
}

ProxySettings *proxy_settings_add(ProxySettingsTable *table, Slice text, Slice key_header) {
  if (text.size > PROXY_SETTINGS_BYTES_MAX || key_header.size > KEY_HEADER_BYTES_MAX) return NULL;
  ProxySettings *settings = &table->at[table->added % PROXY_SETTINGS_MAX];
  table->added += 1;
  slice_put(settings->text, text);
  settings->text_size = text.size;
  slice_put(settings->key_header, key_header);
  settings->key_header_size = key_header.size;
  return settings;
}

static Slice first_of(const HttpHead *head, Slice name, Slice other_name) {
  Slice found = http_header(head, name);
  return found.size > 0 ? found : http_header(head, other_name);
}

/* `Bearer`, in any case, and what stands behind it. */
static Slice bearer_key(const HttpHead *head) {
  const Slice scheme = SLICE("bearer ");
  Slice value = http_header(head, SLICE("authorization"));
  if (value.size <= scheme.size || strncasecmp(value.at, scheme.at, scheme.size) != 0) {
    return SLICE("");
  }
  Slice key = {value.at + scheme.size, value.size - scheme.size};
  while (key.size > 0 && *key.at == ' ') key = (Slice){key.at + 1, key.size - 1};
  return key;
}

bool proxy_request_read(const HttpHead *head, const ProxySettings *settings, ProxyAsked *asked) {
  Slice key_header = {settings->key_header, settings->key_header_size};
  asked->key = key_header.size == 0 ? bearer_key(head) : http_header(head, key_header);
  if (asked->key.size == 0 || asked->key.size > KEY_BYTES_MAX) return false;
  asked->root_key = http_header(head, SLICE("x-latchkey-root-key"));
  Original *original = &asked->original;
  original->method =
      first_of(head, SLICE("x-forwarded-method"), SLICE("x-original-method"));
  if (original->method.size > METHOD_BYTES_MAX) return false;
  Slice uri = first_of(head, SLICE("x-forwarded-uri"), SLICE("x-original-uri"));
  const char *mark = memchr(uri.at, '?', uri.size);
  original->path = (Slice){uri.at, mark == NULL ? uri.size : (size_t)(mark - uri.at)};
  /* One address without a port: more than that has to be taken apart. */
  original->client_address = http_header(head, SLICE("x-forwarded-for"));
  Slice address = original->client_address;
  return memchr(address.at, ',', address.size) == NULL &&
         memchr(address.at, ':', address.size) == NULL;
}
