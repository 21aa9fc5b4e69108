/*
 * A connection whose bytes pass to uWebSockets.js and back as they are. What comes first is a
 * header of the PROXY protocol, version 2, which tells it the addresses of the caller.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include "door.h"

/* Makes a tunnel of a connection whose first bytes for uWebSockets.js have come. False when it
 * cannot be reached, or the caller has gone. */
bool tunnel_open(Door *door, Connection *connection, Slice bytes);

/* False when both ends have to be closed. */
bool tunnel_pass(Door *door, Connection *connection, int events);

#endif
