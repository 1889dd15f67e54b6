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
  /** A body below this is here as a whole before its request takes a slot; of a longer one so much is read ahead at least. */
  readonly bodyAheadBytes: number;
  /** So much is read ahead while there is memory in plenty: of a client that has sent no more it is noticed that it has left. */
  readonly plentyAheadBytes: number;
  /** The least pace of a body whose request holds a slot, over this time. */
  readonly leastBodyBytesPerSecond: number;
  readonly paceWindowMs: number;
}

export const defaultLimits: ConnectionLimits = {
  maxHeaderBytes: 32 * 1024,
  maxHeaders: 200,
  headersTimeoutMs: 30_000,
  bodySilenceMs: 30_000,
  keepAliveMs: 65_000,
  bodyAheadBytes: 32 * 1024,
  plentyAheadBytes: 256 * 1024,
  leastBodyBytesPerSecond: 1024,
  paceWindowMs: 10_000,
};
