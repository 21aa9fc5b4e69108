/** One rate-limit decision, as it is spooled and then stored in ClickHouse. */
export type RatelimitEvent = {
  /** `req_…`, the id that the caller read in `meta.requestId`; the same for decisions together. */
  requestId: string;
  /** When the decision was made, Unix ms. */
  timeMs: number;
  workspaceId: string;
  namespaceId: string;
  /** As in the request, whatever override applied. */
  identifier: string;
  /** As the caller read it: the verdict on this limit by itself. */
  isPassed: boolean;
  /** Empty when no override applied. */
  overrideId: string;
  /** The limit that applied. */
  limit: number;
  remaining: number;
  /** End of the current window, Unix ms. */
  resetAtMs: number;
  /**
   * What the call asked for; 0 if this limit had room for it but another one of the same request
   * had not, so that the sum over what has passed is exactly what was counted.
   */
  tokens: number;
  /** From the last byte of the request to the decision, in microseconds. */
  latencyUs: number;
};
