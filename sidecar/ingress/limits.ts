// What a client may ask of a connection before it has shown that it is a serious one. No settings: nobody needs others.
// Tests shorten the times.

export interface ConnectionLimits {
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  /** Time for request line and headers to arrive: slow-loris clients are cut off. */
  readonly headersTimeoutMs: number;
  /** Longest silence in the middle of a body, while it is gathered or its request holds a slot. */
  readonly bodySilenceMs: number;
  /** How long an idle connection is kept: longer than the 60 s of the usual load balancers, so that they close first. */
  readonly keepAliveMs: number;
  /** What a waiting request costs of its body, and no more. */
  readonly bodyAheadBytes: number;
}

export const defaultLimits: ConnectionLimits = {
  maxHeaderBytes: 32 * 1024,
  maxHeaders: 200,
  headersTimeoutMs: 30_000,
  bodySilenceMs: 30_000,
  keepAliveMs: 65_000,
  bodyAheadBytes: 16 * 1024,
};
