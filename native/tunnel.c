#include "tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "listen-socket.h"

enum { PROXY_BYTES_MAX = 16 + 36 };

static char *put_bytes(char *to, const void *bytes, size_t size) {
  memcpy(to, bytes, size);
  return to + size;
}

/* The sizes of the header's kinds of addresses are those of the protocol. */
static size_t proxy_header(int descriptor, char header[PROXY_BYTES_MAX]) {
  static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
  struct sockaddr_storage ends[2] = {0};
  socklen_t sizes[2] = {sizeof ends[0], sizeof ends[1]};
  getpeername(descriptor, (struct sockaddr *)&ends[0], &sizes[0]);
  getsockname(descriptor, (struct sockaddr *)&ends[1], &sizes[1]);
  const struct sockaddr_in *four[] = {(void *)&ends[0], (void *)&ends[1]};
  const struct sockaddr_in6 *six[] = {(void *)&ends[0], (void *)&ends[1]};
  /* A caller by IPv4 at a socket for both kinds has four bytes behind a prefix. */
  bool is_mapped = ends[0].ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six[0]->sin6_addr);
  char *to = put_bytes(header, signature, 12);
  if (ends[0].ss_family == AF_INET) {
    to = put_bytes(to, "\x21\x11\0\x0c", 4);
    for (int end = 0; end < 2; end += 1) to = put_bytes(to, &four[end]->sin_addr, 4);
    for (int end = 0; end < 2; end += 1) to = put_bytes(to, &four[end]->sin_port, 2);
  } else if (is_mapped) {
    to = put_bytes(to, "\x21\x11\0\x0c", 4);
    for (int end = 0; end < 2; end += 1) to = put_bytes(to, &six[end]->sin6_addr.s6_addr[12], 4);
    for (int end = 0; end < 2; end += 1) to = put_bytes(to, &six[end]->sin6_port, 2);
  } else if (ends[0].ss_family == AF_INET6) {
    to = put_bytes(to, "\x21\x21\0\x24", 4);
    for (int end = 0; end < 2; end += 1) to = put_bytes(to, &six[end]->sin6_addr, 16);
    for (int end = 0; end < 2; end += 1) to = put_bytes(to, &six[end]->sin6_port, 2);
  } else {
    to = put_bytes(to, "\x20\0\0\0", 4);
  }
  return (size_t)(to - header);
}

/* What comes from an end is read as long as the other takes it. */
static void watch(Connection *connection) {
  bool reads = !connection->is_half_closed && kept_size(&connection->peer->out) == 0;
  bool writes = kept_size(&connection->out) > 0;
  connection_watch(connection, (reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0),
                   door_on_poll);
}

static void watch_both(Connection *connection) {
  watch(connection);
  watch(connection->peer);
}

bool tunnel_open(Door *door, Connection *connection, Slice bytes) {
  int descriptor = connect_to_path(door->inner_path);
  if (descriptor < 0) return false;
  Connection *inner =
      connection_open(&door->connections, door->loop, descriptor, door, door_on_poll);
  if (inner == NULL) return false;
  inner->is_inner = true;
  inner->state = connection->state = CONNECTION_TUNNEL;
  inner->touched_s = door->now_s;
  inner->peer = connection;
  connection->peer = inner;
  char header[PROXY_BYTES_MAX];
  size_t size = proxy_header(connection->descriptor, header);
  bool is_sent = connection_send(inner, (Slice){header, size}) && connection_send(inner, bytes);
  if (is_sent) watch_both(connection);
  return is_sent;
}

/* Nothing more comes from here, which the other end learns behind what is still to be sent. */
static void end_peer(Connection *connection) {
  Connection *peer = connection->peer;
  connection->is_half_closed = true;
  if (kept_size(&peer->out) == 0) shutdown(peer->descriptor, SHUT_WR);
  else peer->ends = true;
}

/*
 * Nothing can be sent to it any more; whether that is the end of both. uWebSockets.js may answer
 * and close before it has read all: what it said is still passed on.
 */
static bool is_lost(Connection *connection) {
  kept_clear(&connection->out);
  connection->is_broken = true;
  return !connection->is_inner;
}

static bool is_done(const Connection *connection) {
  return connection->is_half_closed && kept_size(&connection->out) == 0;
}

/* False when both ends have to be closed. */
static bool write_on(Connection *connection) {
  if (!connection_send_kept(connection)) return !is_lost(connection);
  bool is_sent = kept_size(&connection->out) == 0;
  if (is_sent && connection->ends) shutdown(connection->descriptor, SHUT_WR);
  return true;
}

/* False when both ends have to be closed. */
static bool read_on(Door *door, Connection *connection) {
  Connection *peer = connection->peer;
  char *room = door->arena + door->gathered_bytes;
  size_t size = door->arena_size - door->gathered_bytes;
  ssize_t received = recv(connection->descriptor, room, size, 0);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
  if (received < 0 && !connection->is_inner) return false;
  if (received <= 0) {
    end_peer(connection);
    return true;
  }
  if (peer->is_broken) return true;
  return connection_send(peer, (Slice){room, (size_t)received}) || !is_lost(peer);
}

bool tunnel_pass(Door *door, Connection *connection, int events) {
  Connection *peer = connection->peer;
  connection->touched_s = peer->touched_s = door->now_s;
  bool writes = (events & UV_WRITABLE) != 0 && kept_size(&connection->out) > 0;
  if (writes && !write_on(connection)) return false;
  bool reads = !connection->is_half_closed && kept_size(&peer->out) == 0;
  if (reads && (events & UV_READABLE) != 0 && !read_on(door, connection)) return false;
  if (is_done(connection) && is_done(peer)) return false;
  watch_both(connection);
  return true;
}
