/*
 * The floor: one thread, one epoll loop, HTTP/1.1 over loopback, and the job of keys.verifyKey for
 * each request. Nothing is allocated once it runs.
 *
 *   floor-http --replica FILE --folder DIR [--limit-slots N]
 *
 * Prints `port N` when it listens, and ends when its parent does.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "http-request.h"
#include "verification.h"

enum { EVENTS_MAX = 256, BUFFER_BYTES = 16 << 10, HEAD_BYTES_MAX = 256, BACKLOG = 1024 };

typedef struct {
  int socket;
  size_t filled;
  char buffer[BUFFER_BYTES];
} Connection;

static Verifier verifier;

static int listen_on_loopback(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  bool is_bound = listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0;
  if (!is_bound) fail_of_system("bind");
  if (listen(listener, BACKLOG) != 0) fail_of_system("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) fail_of_system("port");
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void accept_all(int listener, int poll) {
  for (;;) {
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection *connection = malloc(sizeof *connection);
    if (connection == NULL) fail_of_system("memory for a connection");
    connection->socket = socket;
    connection->filled = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0) fail_of_system("epoll_ctl");
  }
}

static void close_connection(Connection *connection) {
  close(connection->socket);
  free(connection);
}

static const char *status_text(int status) {
  if (status == 200) return "200 OK";
  return status == 401 ? "401 Unauthorized" : "400 Bad Request";
}

static Answer answer_request(const HttpRequest *request, char json[ANSWER_BYTES_MAX]) {
  const Slice scheme = SLICE("Bearer ");
  bool is_right = slice_equals(request->method, SLICE("POST")) &&
                  slice_equals(request->path, SLICE("/v2/keys.verifyKey")) &&
                  slice_equals(request->content_type, SLICE("application/json"));
  if (!is_right) return (Answer){400, 0};
  if (!slice_starts_with(request->authorization, scheme)) return (Answer){401, 0};
  Slice root_key = {request->authorization.at + scheme.size,
                    request->authorization.size - scheme.size};
  return verify_key(&verifier, root_key, request->body, json);
}

/* Writes head and body with one call. False when the connection cannot take them whole. */
static bool respond(int socket, const HttpRequest *request) {
  char reply[HEAD_BYTES_MAX + ANSWER_BYTES_MAX];
  char *json = reply + HEAD_BYTES_MAX;
  Answer answer = answer_request(request, json);
  char head[HEAD_BYTES_MAX];
  int size = snprintf(head, sizeof head,
                      "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      status_text(answer.status), answer.size);
  char *start = json - size;
  memcpy(start, head, (size_t)size);
  size_t total = (size_t)size + answer.size;
  return send(socket, start, total, MSG_NOSIGNAL) == (ssize_t)total;
}

/* Answers every whole request in the buffer; false when the connection is of no more use. */
static bool serve(Connection *connection) {
  size_t at = 0;
  while (at < connection->filled) {
    HttpRequest request;
    Slice rest = {connection->buffer + at, connection->filled - at};
    RequestState state = http_request_read(rest, &request);
    if (state == REQUEST_BROKEN) return false;
    if (state == REQUEST_UNFINISHED) break;
    if (!respond(connection->socket, &request)) return false;
    at += request.size;
  }
  connection->filled -= at;
  if (at > 0) memmove(connection->buffer, connection->buffer + at, connection->filled);
  return connection->filled < BUFFER_BYTES;
}

static void receive(Connection *connection) {
  char *free_room = connection->buffer + connection->filled;
  ssize_t got = recv(connection->socket, free_room, BUFFER_BYTES - connection->filled, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got > 0) {
    connection->filled += (size_t)got;
    if (serve(connection)) return;
  }
  close_connection(connection);
}

static void run(int listener) {
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
  if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &listening) != 0) {
    fail_of_system("epoll");
  }
  struct epoll_event events[EVENTS_MAX];
  for (;;) {
    int count = epoll_wait(poll, events, EVENTS_MAX, -1);
    if (count < 0 && errno != EINTR) fail_of_system("epoll_wait");
    /* One snapshot for all that is there: what a change made before it is seen by all of them. */
    replica_enter(&verifier.replica);
    for (int index = 0; index < count; index += 1) {
      if (events[index].data.ptr == NULL) accept_all(listener, poll);
      else receive(events[index].data.ptr);
    }
    replica_leave(&verifier.replica);
  }
}

int main(int argument_count, char **arguments) {
  static const struct option options[] = {
      {"replica", required_argument, NULL, 'r'},
      {"folder", required_argument, NULL, 'f'},
      {"limit-slots", required_argument, NULL, 'l'},
      {0},
  };
  const char *replica_path = NULL;
  const char *folder = NULL;
  uint64_t limit_slots = 262144;
  for (int option; (option = getopt_long(argument_count, arguments, "", options, NULL)) != -1;) {
    if (option == 'r') replica_path = optarg;
    else if (option == 'f') folder = optarg;
    else if (option == 'l') limit_slots = strtoull(optarg, NULL, 10);
    else return 2;
  }
  if (replica_path == NULL || folder == NULL) fail("--replica and --folder are needed");
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  verifier_open(&verifier, replica_path, folder, limit_slots);
  replica_leave(&verifier.replica);
  run(listen_on_loopback());
}
