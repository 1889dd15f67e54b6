// What the API server asks of a node's kubelet: the log of a container. Both sides of that conversation take its words from here.
import type { Readable } from 'node:stream';

export interface LogOptions {
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
  readonly limitBytes?: number;
}

export type LogAnswer =
  | { readonly ok: true; readonly stream: Readable }
  | { readonly ok: false; readonly code: number; readonly message: string };

export interface Kubelet {
  /** For `kubectl logs`; undefined when the pod is not on this node. The first main container when none is named. */
  readonly readLog: (
    namespace: string,
    pod: string,
    container: string | undefined,
    options: LogOptions,
  ) => LogAnswer | undefined;
}
