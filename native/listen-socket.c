#include "listen-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static int close_failed(int descriptor) {
  int cause = errno;
  close(descriptor);
  errno = cause;
  return -1;
}

/* Makes it one that does not block and that no program started from here inherits. */
static int prepare(int descriptor) {
  if (descriptor < 0) return -1;
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  int is_set = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return is_set < 0 ? close_failed(descriptor) : descriptor;
}

static int listen_at(const struct addrinfo *place) {
  int descriptor = prepare(socket(place->ai_family, SOCK_STREAM, 0));
  if (descriptor < 0) return -1;
  int on = 1;
  int off = 0;
  /* What connections leave behind when we close them first must not keep the port. */
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (place->ai_family == AF_INET6) {
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(descriptor, place->ai_addr, place->ai_addrlen) != 0) return close_failed(descriptor);
  return listen(descriptor, BACKLOG) == 0 ? descriptor : close_failed(descriptor);
}

int listen_on_port(const char *host, int port) {
  struct addrinfo wanted = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  char service[16];
  snprintf(service, sizeof service, "%d", port);
  errno = EADDRNOTAVAIL;
  if (getaddrinfo(host, service, &wanted, &found) != 0) return -1;
  int descriptor = -1;
  /* IPv6 first: such a socket may take connections of both kinds. */
  static const int families[] = {AF_INET6, AF_INET};
  for (int index = 0; index < 2; index += 1) {
    for (const struct addrinfo *place = found; place != NULL; place = place->ai_next) {
      if (descriptor < 0 && place->ai_family == families[index]) descriptor = listen_at(place);
    }
  }
  freeaddrinfo(found);
  return descriptor;
}

/* False when the path is too long. */
static int is_path(const char *path, struct sockaddr_un *place) {
  *place = (struct sockaddr_un){.sun_family = AF_UNIX};
  errno = ENAMETOOLONG;
  if (strlen(path) >= sizeof place->sun_path) return 0;
  strcpy(place->sun_path, path);
  return 1;
}

int listen_on_path(const char *path) {
  struct sockaddr_un place;
  if (!is_path(path, &place)) return -1;
  int descriptor = prepare(socket(AF_UNIX, SOCK_STREAM, 0));
  if (descriptor < 0) return -1;
  /* Whatever is there was left behind by one that was killed. */
  unlink(path);
  if (bind(descriptor, (struct sockaddr *)&place, sizeof place) != 0) {
    return close_failed(descriptor);
  }
  return listen(descriptor, BACKLOG) == 0 ? descriptor : close_failed(descriptor);
}

int connect_to_path(const char *path) {
  struct sockaddr_un place;
  if (!is_path(path, &place)) return -1;
  int descriptor = prepare(socket(AF_UNIX, SOCK_STREAM, 0));
  if (descriptor < 0) return -1;
  if (connect(descriptor, (struct sockaddr *)&place, sizeof place) != 0) {
    return close_failed(descriptor);
  }
  return descriptor;
}

int accept_next(int descriptor) {
#ifdef __linux__
  int accepted = accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
  int accepted = prepare(accept(descriptor, NULL, NULL));
#endif
  if (accepted < 0) return -1;
  int on = 1;
  /* Refused by a Unix domain socket, which sends at once anyway. */
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return accepted;
}

void address_text(int descriptor, char text[ADDRESS_TEXT_BYTES]) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  text[0] = 0;
  if (getpeername(descriptor, (struct sockaddr *)&address, &size) != 0) return;
  const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
  const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &four->sin_addr, text, ADDRESS_TEXT_BYTES);
  } else if (address.ss_family == AF_INET6) {
    bool is_four = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
    const unsigned char *bytes = six->sin6_addr.s6_addr;
    inet_ntop(is_four ? AF_INET : AF_INET6, is_four ? bytes + 12 : bytes, text,
              ADDRESS_TEXT_BYTES);
  }
}
