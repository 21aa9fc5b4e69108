/*
 * The few functions of libuv that are needed here, with which Node watches sockets. Node exports
 * them, and they have stayed the same for all of libuv 1; its own header does not come with every
 * Node. What a handle looks like is libuv's affair: it tells how large one is.
 */
#ifndef LIBUV_H
#define LIBUV_H

#include <stddef.h>

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_check_s uv_check_t;
typedef struct uv_async_s uv_async_t;

enum { UV_ASYNC = 1, UV_CHECK = 2, UV_POLL = 8 };
enum { UV_READABLE = 1, UV_WRITABLE = 2, UV_DISCONNECT = 4 };

typedef void (*uv_poll_cb)(uv_poll_t *poll, int status, int events);
typedef void (*uv_check_cb)(uv_check_t *check);
typedef void (*uv_async_cb)(uv_async_t *async);
typedef void (*uv_close_cb)(uv_handle_t *handle);

size_t uv_handle_size(int type);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int descriptor);
int uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb callback);
int uv_poll_stop(uv_poll_t *poll);
int uv_check_init(uv_loop_t *loop, uv_check_t *check);
int uv_check_start(uv_check_t *check, uv_check_cb callback);
/* `uv_async_send` may be called by any thread, and takes no lock. */
int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback);
int uv_async_send(uv_async_t *async);
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_close(uv_handle_t *handle, uv_close_cb callback);

#endif
