/* Where connections come from. */
#ifndef LISTEN_SOCKET_H
#define LISTEN_SOCKET_H

/* A socket that listens on a port which other processes share with it; -1 with errno set. */
int listen_on_port(const char *host, int port);

/* A Unix domain socket at this path, in place of what is there; -1 with errno set. */
int listen_on_path(const char *path);

/* Connects to such a socket; -1 with errno set. */
int connect_to_path(const char *path);

/* The next connection, which does not block; -1 with errno set. */
int accept_next(int descriptor);

/* The address of the other end as text, empty for a Unix domain socket. */
enum { ADDRESS_TEXT_BYTES = 64 };
void address_text(int descriptor, char text[ADDRESS_TEXT_BYTES]);

#endif
