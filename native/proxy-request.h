/*
 * What a reverse proxy asks in forward auth. Its settings stand in the query string, which
 * src/http/forward-auth-settings.ts understands: here they are known again by their text.
 */
#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H

#include "engine.h"
#include "http-head.h"

enum { PROXY_SETTINGS_MAX = 16, PROXY_SETTINGS_BYTES_MAX = 2048, KEY_HEADER_BYTES_MAX = 64 };

typedef struct {
  size_t text_size;
  char text[PROXY_SETTINGS_BYTES_MAX];
  /* In lower case, where the key stands; empty for `Authorization: Bearer`. */
  size_t key_header_size;
  char key_header[KEY_HEADER_BYTES_MAX];
  ProxyTerms terms;
} ProxySettings;

typedef struct {
  ProxySettings at[PROXY_SETTINGS_MAX];
  /* How many were added, ever: the newest take the places of the oldest. */
  size_t added;
} ProxySettingsTable;

/* NULL when they are not known. */
const ProxySettings *proxy_settings_find(const ProxySettingsTable *table, Slice text);

/* A place for settings with this text, the rest of them to be filled in; NULL for a long text. */
ProxySettings *proxy_settings_add(ProxySettingsTable *table, Slice text, Slice key_header);

/* False for a request that is not usual; without the instants. */
bool proxy_request_read(const HttpHead *head, const ProxySettings *settings, ProxyAsked *asked);

#endif
