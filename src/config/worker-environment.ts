/**
 * The environment of a worker. uWebSockets.js reads how large all headers of a request may be from
 * it and from nowhere else; its default is 4 KiB, which the cookies that a proxy passes on exceed.
 */
const headerBytesMax = 32 * 1024;

export function workerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, UWS_HTTP_MAX_HEADERS_SIZE: String(headerBytesMax) };
}
