#include "wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include "failure.h"

void wire_open(Wire *wire, int port) {
  wire->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
      .sin_port = htons((uint16_t)port),
  };
  int on = 1;
  if (wire->socket < 0) fail_of_system("socket");
  setsockopt(wire->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(wire->socket, (struct sockaddr *)&address, sizeof address) != 0) {
    fail_of_system("connect");
  }
}

void wire_send(Wire *wire, Slice request, int64_t intended_ns) {
  ssize_t sent = send(wire->socket, request.at, request.size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != (ssize_t)request.size) fail_of_system("send");
  wire->is_busy = true;
  wire->intended_ns = intended_ns;
  wire->filled = 0;
}

/* The value of Content-Length, or -1. */
static long content_length(Slice head) {
  const Slice name = SLICE("content-length:");
  const char *end = head.at + head.size;
  for (const char *line = head.at; line != NULL && line < end;) {
    bool is_long = (size_t)(end - line) > name.size;
    if (is_long && strncasecmp(line, name.at, name.size) == 0) return atol(line + name.size);
    line = memchr(line, '\n', (size_t)(end - line));
    if (line != NULL) line += 1;
  }
  return -1;
}

static bool read_response(Slice bytes, Response *response) {
  const char *head_end = memmem(bytes.at, bytes.size, "\r\n\r\n", 4);
  if (head_end == NULL) return false;
  Slice head = {bytes.at, (size_t)(head_end + 2 - bytes.at)};
  long length = content_length(head);
  if (length < 0 || head.size < 12) fail("a response without Content-Length:\n%.*s",
                                         (int)head.size, head.at);
  size_t body_at = head.size + 2;
  if (bytes.size < body_at + (size_t)length) return false;
  response->status = atoi(bytes.at + 9);
  response->body = (Slice){bytes.at + body_at, (size_t)length};
  return true;
}

bool wire_receive(Wire *wire, Response *response) {
  char *free_room = wire->buffer + wire->filled;
  ssize_t got = recv(wire->socket, free_room, WIRE_BUFFER_BYTES - wire->filled, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  if (got <= 0) fail("the server closed a connection");
  wire->filled += (size_t)got;
  if (!read_response((Slice){wire->buffer, wire->filled}, response)) return false;
  wire->is_busy = false;
  return true;
}
